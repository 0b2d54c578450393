/**
 * Test vectors. V0 is the sample of https://open.feishu.cn/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/encrypt-key-encryption-configuration-case ;
 * the others were made with `node:crypto` and accepted by the official SDK. All values but V0's are invented.
 */
export const V0 = {
  key: "test key",
  sealed: "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=",
  text: "hello world",
} as const;

export const V1 = {
  key: "myEncryptKey",
  timestamp: "1700000000",
  nonce: "abcNonce",
  body: `{"encrypt":"x"}`,
  signature: "bb056c1a92d13661bf689ea97c6b9b225e334d0aeb7b8f8456cfb83f8cbfc176",
} as const;

const SEALED =
  "AAECAwQFBgcICQoLDA0ODxGlm2NG8tW6cV2N8eqqG9NG5G7gzXPYMY0e5lQN2K1ebMoQX+wZ72Tmg3SzMfkPHZY1DQnYqCB2cf+PZ6HtTr5bA9Lgj/Qe45W31tEmGqklcTkOPOBrzWDM93Is7rIar26h8SQMYWVCsViUiVjxfs6IIwWwzwjo1aQ1NtHAygB9MgBiTUpYKQepsJrNVM9pJkcRNdjpujHvZI27M63w2WsOGO+dKaWz4C1bMzAdWEqDQqiysXV69INrI6G0B9uMnd9O+qNdWC5+L6j5OduFnsq1mo8XUUJY+e/C6LLNrQl/46ODwdMXXaN8xlivAvQNjDOz2LYHVCKBGncrSvfTc2M=";

/** A whole `app_ticket` event. */
export const V2 = {
  key: "example-encrypt-key-0123456789ab",
  timestamp: "1700000000",
  nonce: "950646929",
  appId: "cli_a1b2c3d4e5f60001",
  token: "example-verification-token-000001",
  eventId: "0123456789abcdef0123456789abcdef",
  ticket: "g1049example0ticket0value0not0real000000",
  sealed: SEALED,
  body: `{"encrypt":"${SEALED}"}`,
  signature: "b70ad70cc404c3139a45256c3f75b467047eb9ea0423eef931265f083c48a752",
} as const;

/** The same with one space in the body, which is signed as it is. */
export const V3 = {
  ...V2,
  body: `{"encrypt": "${SEALED}"}`,
  signature: "e2d4243e22ebd917a1d922d1cf733449d7fc120abfb36c22cf395877fa91efc1",
} as const;

const SEALED_CHECK =
  "Dw4NDAsKCQgHBgUEAwIBABUuxaO4mkTOwHAR96BxIiXOs3GHcbdtH1UfcbZ9rpluxxCTsiK4IR7MudfHJ4v12M5ggKHn5pafK4NQAudV+a1cCoV5x5vJGXPrr2vmB/gr/9tAudlxjjHu3Tgq/Qb8NFuj4zUyxeXfjiCTLzQA+0A=";

/** The check of an address. */
export const V4 = {
  ...V2,
  challenge: "ajls384kdjx98XX",
  sealed: SEALED_CHECK,
  body: `{"encrypt":"${SEALED_CHECK}"}`,
  signature: "be1a99e6821ca2ebb4cf79b31b612d563f88c2e2534f1d8c4ff47a44d1c12a7e",
} as const;
