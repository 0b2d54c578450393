import type { Translated } from "../translation.ts";

/** Titles of the groups of inputs in Chinese. */
export const groups: Readonly<Record<string, string>> = {
  "What to rotate": "轮换什么",
  "Where to write": "写到哪里",
  "How careful": "谨慎程度",
  "Provider credentials and options": "提供商的凭据与选项",
};

/** What action.yml says of its inputs, in Chinese. */
export const inputs: Readonly<Record<string, Translated<{ readonly text: string }>>> = {
  provider: {
    of: "3546f1",
    text: "应用的密钥所在之处。`authing`、`cloudroom`、`feishu`、`huawei-apig`、`huawei-csms` 之一。在轮换文件中还可以是 `http`，用于任何其他服务。必需，除非设置了 `config`。",
  },
  "app-id": {
    of: "4f28c8",
    text: "在提供商处的应用。Authing：应用的 `App ID`。CloudRoom：项目的 `AppId`。飞书：应用的 `app_id`。华为云 API 网关：应用的 ID（不是 AppKey）。华为云 CSMS：凭据的名称。`http`：代替 `{app-id}` 的内容。必需，除非设置了 `config`。",
  },
  mode: {
    of: "b6f6ea",
    text: "`rotate`：若已到期，生成新密钥并发布。`sync`：发布当前有效的密钥，不更改提供商（`authing`、`huawei-csms`、带 `instance-id` 的 `huawei-apig`，以及带 `read` 的 `http`）。`plan`：读取一切，什么都不改，并说明 `rotate` 会做什么。",
  },
  "rotate-after": {
    of: "cf2b70",
    text: "密钥可以用多久：一个时长，例如 `90m`、`12h`、`30d` 或 `8w`。为空：总是到期。时间从各目标中最早的一次写入算起；`huawei-csms` 从有效版本的生成时间算起。",
  },
  force: { of: "1caed7", text: "`true`：无论已用多久，都视为到期。" },
  config: {
    of: "2367fb",
    text: "轮换文件的路径，用于在一个步骤中进行多个轮换。取代 `provider` 以及除 `mode`、`force`、`only`、`github-token` 之外的所有其他输入。",
  },
  only: { of: "a7aba2", text: "与 `config` 一起使用：要运行的轮换的名称，以逗号或换行分隔。默认：全部。" },
  "secret-name": {
    of: "4d03c2",
    text: "GitHub 机密的名称。除非 `targets` 的每一行都有自己的名称，否则必需。不能以 `GITHUB_` 开头。",
  },
  repository: { of: "662e17", text: "要写入的仓库，形如 `OWNER/REPO`。设置了 `targets` 时不使用。" },
  environment: { of: "87a50f", text: "`repository` 的一个环境。为空：仓库机密。设置了 `targets` 时不使用。" },
  targets: {
    of: "98b468",
    text: "要写入的多个位置，每行一个：`repo:OWNER/REPO`、`env:OWNER/REPO/ENVIRONMENT`、`org:ORGANIZATION` 或 `dependabot:OWNER/REPO`，然后按需加上 `?format=md5`、`?format=base64`、`?pointer=/KEY`，或者对组织的新机密加上 `?visibility=all`，以及 `#SECRET_NAME`。取代 `repository` 和 `environment`。",
  },
  "github-token": {
    of: "950471",
    text: "可以写入每个目标的机密的细粒度令牌或 GitHub App 令牌。工作流自带的 `GITHUB_TOKEN` 做不到。",
  },
  verify: {
    of: "6e702e",
    text: "`auto`：在提供商能够判断的范围内，询问新密钥是否有效、是否可用。`off`：不询问，并给出警告。",
  },
  "write-timeout": {
    of: "07965b",
    text: "旧密钥失效后，持续尝试写入新密钥的时间，例如 `10m`。为遵守 GitHub 的速度而等待的时间不计入。",
  },
  "api-url": {
    of: "361ba0",
    text: "用于所有提供商。提供商 API 的基础 URL；只允许 `https`，回环地址除外。默认：`authing` 为 `https://api.authing.cn`，`cloudroom` 为 `https://www.cloudroom.com`，`feishu` 为 `https://open.feishu.cn`，`huawei-apig` 为 `https://apig.REGION.myhuaweicloud.com`，`huawei-csms` 为 `https://kms.REGION.myhuaweicloud.com`（在 `eu-west-101` 以 `.eu` 结尾）。`http` 没有默认值：以 `/` 开头的地址位于它之下。",
  },
  "access-key-id": {
    of: "d2b483",
    text: "用于 `authing`，必需；用于 `huawei-apig` 和 `huawei-csms`，没有 `iam-token` 和 `oidc-…` 时必需。管理密钥对的 ID。",
  },
  "access-key-secret": {
    of: "97ab78",
    text: "用于 `authing`，必需；用于 `huawei-apig` 和 `huawei-csms`，没有 `iam-token` 和 `oidc-…` 时必需。管理密钥对的密钥。",
  },
  "user-pool-id": {
    of: "12eed8",
    text: "用于 `authing`。应用所在的用户池。默认：管理令牌指明的用户池，否则为 `access-key-id`。",
  },
  "app-url": {
    of: "395c5d",
    text: "用于 `authing`。应用自己的域名，例如 `https://NAME.authing.cn`：让本 Action 在应用的内省端点试用新密钥。无默认值；不设置时只读回密钥。",
  },
  "comp-id": { of: "3e81cf", text: "用于 `cloudroom`，必需。公司 ID（`CompID`），一个数字。" },
  "comp-secret": { of: "e879fd", text: "用于 `cloudroom`，必需。公司密钥（`CompSecret`）。" },
  "api-prefix": { of: "355181", text: "用于 `cloudroom`。API 路径的第一段。默认 `CLOUDROOM-API`。" },
  "app-secret": {
    of: "3f7912",
    text: "用于 `feishu`，必需。应用的 `App Secret`，用于授权请求 ticket，并试用 ticket。",
  },
  "encrypt-key": {
    of: "f00d5e",
    text: "用于 `feishu`，必需。应用事件订阅的 `Encrypt Key`：用它解密事件，没有用它签名的内容一概不接受。",
  },
  "verification-token": {
    of: "16c750",
    text: "用于 `feishu`。应用事件订阅的 `Verification Token`，一并核对。无默认值。",
  },
  delivery: {
    of: "e30c87",
    text: "用于 `feishu`。ticket 如何送达。`dispatch`：中继带着事件的信封启动工作流。`inbox`：本步骤请求 ticket，并等到 `inbox-url` 上出现为止。默认 `dispatch`。",
  },
  "inbox-url": {
    of: "0095d6",
    text: "用于 `delivery: inbox` 的 `feishu`，此时必需。以 JSON 列表返回信封的地址。",
  },
  "inbox-token": {
    of: "1d7860",
    text: "用于 `delivery: inbox` 的 `feishu`，此时必需。`inbox-url` 的 Bearer 令牌。",
  },
  "ticket-timeout": {
    of: "bb25e9",
    text: "用于 `delivery: inbox` 的 `feishu`。等待 ticket 的时长。默认 `180s`。",
  },
  "envelope-max-age": {
    of: "1730c4",
    text: "用于 `feishu`。信封最多可以多旧，时长不超过 `60m`。`dispatch` 默认 `15m`，`inbox` 默认 `5m`。",
  },
  region: { of: "e1a716", text: "用于 `huawei-apig` 和 `huawei-csms`，必需。区域，例如 `cn-north-4`。" },
  "project-id": { of: "91cb01", text: "用于 `huawei-apig` 和 `huawei-csms`，必需。该区域中的项目 ID。" },
  "security-token": {
    of: "cd5ffb",
    text: "用于 `huawei-apig` 和 `huawei-csms`。临时密钥对的 security token。无默认值；永久密钥对请留空。",
  },
  "iam-token": {
    of: "1aff3c",
    text: "用于 `huawei-apig` 和 `huawei-csms`。该项目的 IAM 令牌（`X-Auth-Token`），代替密钥对。无默认值。",
  },
  "oidc-agency-urn": {
    of: "5e2996",
    text: "用于 `huawei-apig` 和 `huawei-csms`，代替保存的密钥：用工作流的 OIDC 令牌换取临时密钥，这需要作业具有 `id-token: write` 权限。临时密钥所获权限的信任委托的 URN。无默认值。",
  },
  "oidc-provider-urn": {
    of: "4aa30b",
    text: "用于带 `oidc-agency-urn` 的 `huawei-apig` 和 `huawei-csms`，此时必需。IAM 中代表 GitHub 的 OIDC 身份提供商的 URN。",
  },
  "oidc-audience": {
    of: "3a29a2",
    text: "用于带 `oidc-agency-urn` 的 `huawei-apig` 和 `huawei-csms`，此时必需。令牌的受众：IAM 中该 OIDC 身份提供商所期望的客户端 ID。",
  },
  "sts-url": {
    of: "53ba78",
    text: "用于带 `oidc-agency-urn` 的 `huawei-apig` 和 `huawei-csms`。换取密钥的服务的基础 URL。默认 `https://sts.REGION.myhuaweicloud.com`；任何区域的都可以。",
  },
  "instance-id": { of: "6340b2", text: "用于 `huawei-apig`。应用所在的专享版实例的 ID。为空：共享版。" },
  "current-secret": {
    of: "8794dd",
    text: "用于共享版的 `huawei-apig`。你所知的当前有效密钥：配合 `probe-url`，在更改任何内容之前先证明它可用，之后才能把它放回。无默认值。",
  },
  "probe-url": {
    of: "723dba",
    text: "用于 `huawei-apig`。一个该应用可以用 GET 调用的已发布 API：用应用的密钥对调用它，以证明新密钥可用。共享版必需，除非 `verify` 为 `off`。",
  },
};

/** What action.yml says of its outputs, in Chinese. */
export const outputs: Readonly<Record<string, Translated<{ readonly text: string }>>> = {
  status: {
    of: "e97108",
    text: "运行的结果：`rotated`、`synced`、`requested`、`unchanged`、`planned`、`failed`、`incomplete` 或 `unknown`。",
  },
  changed: { of: "92bab1", text: "只要写入了任何目标就是 `true`，否则为 `false`：重新部署就等它。" },
  due: { of: "9ea9fd", text: "仅 `mode: plan`：有轮换到期则为 `true`，否则为 `false`。" },
  matrix: {
    of: "7a69a3",
    text: '仅 `mode: plan`：已到期的轮换，形如 `{"include":[{"rotation":"NAME","environment":"ENV or empty"}]}`，供 `strategy.matrix` 使用。',
  },
  results: {
    of: "4157ab",
    text: "JSON 数组，每个轮换一个对象：其结果、错误码、时间以及每个目标的状态。不含任何密钥、凭据或提供商的文本。",
  },
};
