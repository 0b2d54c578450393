export const id = 914;
export const ids = [914];
export const modules = {

/***/ 7914:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  openSession: () => (/* binding */ openSession)
});

// EXTERNAL MODULE: ./src/errors.ts
var errors = __webpack_require__(3916);
// EXTERNAL MODULE: ./src/retry.ts
var retry = __webpack_require__(9809);
// EXTERNAL MODULE: ./src/providers/answer.ts
var providers_answer = __webpack_require__(9722);
;// CONCATENATED MODULE: ./src/providers/id-token.ts



const title = "GitHub's OIDC token service";
const action = "issue a token for this job";
/**
 * Asks GitHub for a token that names this job (https://docs.github.com/en/actions/reference/security/oidc).
 *
 * @param audience who the token is for (`aud`).
 * @returns a JWT, masked.
 * @throws {RotationError} PROVIDER_…, ID_TOKEN_UNAVAILABLE
 */
async function requestIdToken({ url, requestToken }, audience, context, signal) {
    context.masker.mask(requestToken);
    const response = await (0,providers_answer/* ask */.kA)(context, {
        provider: title,
        action,
        method: "GET",
        url: `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`,
        headers: { accept: "application/json", authorization: `Bearer ${requestToken}` },
        signal,
    });
    const token = (0,providers_answer/* parseObject */.lj)(response.body)?.["value"];
    if (typeof token === "string")
        context.masker.mask(token);
    const { status } = response;
    if (status === 429) {
        const retryAfter = (0,retry/* parseRetryAfter */.mu)(response.headers["retry-after"], context.clock.now());
        throw errors/* RotationError */.FL.of("PROVIDER_RATE_LIMITED", { provider: title, action }, { transient: true, retryAfter });
    }
    if (status >= 500) {
        throw errors/* RotationError */.FL.of("PROVIDER_UNAVAILABLE", { provider: title, action, status }, { transient: true });
    }
    if (status >= 400) {
        throw errors/* RotationError */.FL.of("ID_TOKEN_UNAVAILABLE", { found: `${title} answered ${String(status)}` });
    }
    if (typeof token !== "string" || token === "") {
        throw (0,providers_answer/* invalidAnswer */.k_)(title, { action, found: (0,providers_answer/* describeBody */.MP)(response), expected: `a token in "value"` });
    }
    return token;
}
/** What a JWT says; whether it is true is for those to check whom it is shown. */
function claimsOf(token) {
    const claims = (0,providers_answer/* parseObject */.lj)(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const text = (claim) => (typeof claim === "string" ? claim : "?");
    return { iss: text(claims?.["iss"]), aud: text(claims?.["aud"]), sub: text(claims?.["sub"]) };
}

// EXTERNAL MODULE: ./src/providers/huawei/error-body.ts
var error_body = __webpack_require__(4133);
;// CONCATENATED MODULE: ./src/providers/huawei/federation.ts





const federation_title = "Huawei Cloud STS";
const federation_action = "trade the workflow's OIDC token for temporary keys";
/** Keys that expire sooner are not used any more: a call and its repetitions take some time. In milliseconds. */
const MARGIN = 5 * 60_000;
/** The shortest time that STS gives, for an answer that does not say when its keys expire. In milliseconds. */
const SHORTEST_LIFE = 15 * 60_000;
/**
 * Trades the workflow's OIDC token for temporary keys, once for all rotations that use them and again before they
 * expire (https://support.huaweicloud.com/api-iam5/AssumeAgencyWithOIDC.html). The call itself needs no signature.
 *
 * @throws {RotationError} PROVIDER_…, ID_TOKEN_UNAVAILABLE; always with `changed` "no", as trading ends no secret.
 */
async function openSession(federation, context, signal) {
    const { gate, clock } = context;
    const { digest, idTokens, audience } = federation;
    const open = async () => {
        const idToken = await (0,providers_answer/* askAgain */.et)(context, () => requestIdToken(idTokens, audience, context, signal), signal);
        return (0,providers_answer/* askAgain */.et)(context, () => gate.pass(digest, () => trade(idToken, federation, context, signal)), signal);
    };
    try {
        return await gate.session(digest, open, ({ expiresAt }) => expiresAt - clock.now() > MARGIN);
    }
    catch (thrown) {
        throw thrown instanceof errors/* RotationError */.FL ? thrown.harmless() : thrown;
    }
}
async function trade(idToken, federation, context, signal) {
    const { stsUrl, agencyUrn, providerUrn } = federation;
    const response = await (0,providers_answer/* ask */.kA)(context, {
        provider: federation_title,
        action: federation_action,
        method: "POST",
        url: `${stsUrl}/v5/agencies/assume-with-oidc`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
            agency_urn: agencyUrn,
            provider_urn: providerUrn,
            agency_session_name: "rotate-app-secret",
            id_token: idToken,
        }),
        signal,
    });
    const answer = (0,providers_answer/* parseObject */.lj)(response.body);
    const credentials = (0,providers_answer/* isObject */.Gv)(answer?.["credentials"]) ? answer["credentials"] : {};
    const [accessKey, secretKey, securityToken] = ["access_key_id", "secret_access_key", "security_token"].map((field) => {
        const value = credentials[field];
        if (typeof value !== "string" || value === "")
            return undefined;
        context.masker.mask(value);
        return value;
    });
    const { status } = response;
    if (status < 200 || status >= 300)
        throw refusal(response, idToken, federation, context.clock.now());
    if (accessKey === undefined || secretKey === undefined || securityToken === undefined) {
        const found = answer === undefined ? (0,providers_answer/* describeBody */.MP)(response) : "no temporary keys";
        throw (0,providers_answer/* invalidAnswer */.k_)(federation_title, { action: federation_action, found, expected: `"credentials" with a key pair and its token` });
    }
    const expiresAt = Date.parse(String(credentials["expiration"]));
    return {
        accessKey,
        secretKey,
        securityToken,
        expiresAt: Number.isNaN(expiresAt) ? context.clock.now() + SHORTEST_LIFE : expiresAt,
    };
}
/** No error of this call is documented: a 4xx is taken for a refusal of the token, or of who it names. */
function refusal(response, idToken, { inputs }, now) {
    const { status } = response;
    const { code, message } = (0,error_body/* readError */.l)((0,providers_answer/* parseObject */.lj)(response.body));
    const detail = [code, message].filter((part) => part !== undefined).join(": ") || undefined;
    if (status === 429) {
        const retryAfter = (0,retry/* parseRetryAfter */.mu)(response.headers["retry-after"], now);
        return errors/* RotationError */.FL.of("PROVIDER_RATE_LIMITED", { provider: federation_title, action: federation_action }, { detail, transient: true, retryAfter });
    }
    if (status >= 500) {
        return errors/* RotationError */.FL.of("PROVIDER_UNAVAILABLE", { provider: federation_title, action: federation_action, status }, { detail, transient: true });
    }
    const { iss, aud, sub } = claimsOf(idToken);
    const hint = `The token has iss "${iss}", aud "${aud}" and sub "${sub}": let the OIDC provider and the agency's trust policy in IAM accept just these, check the two URNs, then run again.`;
    return errors/* RotationError */.FL.of("PROVIDER_UNAUTHORIZED", { provider: federation_title, inputs, hint }, { detail });
}


/***/ })

};
