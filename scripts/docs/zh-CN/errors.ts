import type { ErrorCode, ErrorDescription } from "../../../src/errors.ts";
import type { Translated } from "../translation.ts";

/** The troubleshooting page in Chinese. */
export const errors: Readonly<Record<ErrorCode, Translated<ErrorDescription>>> = {
  INPUT_MISSING: {
    of: "6a09af",
    title: "缺少必需的输入",
    meaning: "步骤没有设置所需的输入，或者它引用的机密在本次运行中为空。",
    fix: "在 `with:` 下设置该输入。不存在的 `${{ secrets.NAME }}`，或者本作业的环境无权读取的机密，取值都为空。",
  },
  INPUT_INVALID: {
    of: "c9a560",
    title: "输入的值无法使用",
    meaning: "该值不符合此输入所要求的格式。",
    fix: "更正该值；错误信息说明了期望的格式。",
  },
  INPUT_CONFLICT: {
    of: "f1c4e5",
    title: "两个输入互相排斥",
    meaning: "两个输入都已设置，但只能使用其中一个。",
    fix: "删除其中一个输入。",
  },
  CONFIG_UNREADABLE: {
    of: "94aefc",
    title: "无法读取轮换文件",
    meaning: "`config` 指向的文件不存在，或者步骤无权读取。",
    fix: "检查 `config` 中的路径（相对于工作区），并确认前面的步骤已经检出仓库。",
  },
  CONFIG_INVALID: {
    of: "8dc5e5",
    title: "轮换文件的内容不正确",
    meaning: "文件不是 YAML，或者不符合轮换文件的格式。",
    fix: "更正错误信息指出的位置；借助本 Action 的 JSON Schema，编辑器可以检查此文件。",
  },
  VARIABLE_UNUSABLE: {
    of: "9715ad",
    title: "轮换文件中的变量无法使用",
    meaning: "`${NAME}` 取步骤 `env:` 中的变量，只能用于凭据；GitHub 和运行器自己的变量不能这样使用。",
    fix: "在步骤的 `env:` 下把变量设为某个机密，并在凭据输入中引用它。",
  },
  ROTATION_UNLISTED: {
    of: "daf866",
    title: "`only` 中的名称不在轮换文件里",
    meaning: "`only` 接受轮换文件中各轮换的名称，以逗号或换行分隔。",
    fix: "使用轮换文件中存在的名称。",
  },
  ROTATION_DUPLICATE: {
    of: "823fae",
    title: "两个轮换针对同一个应用",
    meaning: "提供商、`api-url` 和 `app-id` 都相同，一个轮换会使另一个刚生成的密钥失效。",
    fix: "合并为一个轮换，并包含两者的全部目标。",
  },
  PROVIDER_UNKNOWN: {
    of: "aa613d",
    title: "本 Action 不认识这个提供商",
    meaning: "`provider` 为空或拼写错误。",
    fix: "使用错误信息列出的提供商名称之一。",
  },
  URL_INSECURE: {
    of: "0cb0c6",
    title: "该 URL 会以明文发送凭据",
    meaning: "凭据只通过 `https` 发送；只有回环地址可以使用普通的 `http`，供测试用。",
    fix: "使用该服务的 `https:` 地址。",
  },
  SECRET_NAME_INVALID: {
    of: "34fe78",
    title: "GitHub 会拒绝这个机密名称",
    meaning: "名称只能包含字母、数字和下划线，不能以数字开头，也不能以 `GITHUB_` 开头。",
    fix: "换一个名称，例如 `APP_SECRET`。",
  },
  TARGET_INVALID: {
    of: "7a923e",
    title: "无法理解这个目标",
    meaning:
      "目标写作 `repo:OWNER/REPO#NAME`、`env:OWNER/REPO/ENVIRONMENT#NAME`、`org:ORGANIZATION#NAME` 或 `dependabot:OWNER/REPO#NAME`。",
    fix: "按其中一种形式书写；错误信息说明了这个目标哪里不对。",
  },
  TARGET_DUPLICATE: {
    of: "8c4381",
    title: "两个目标是同一个机密",
    meaning: "每个目标必须是不同的机密；比较名称和位置时不区分大小写。",
    fix: "删除其中一个，或者用 `#NAME` 给其中一个换一个机密名称。",
  },
  SYNC_UNSUPPORTED: {
    of: "9cb384",
    title: "这个提供商从不显示当前有效的密钥",
    meaning: "`mode: sync` 发布当前有效的密钥而不更改它，因此需要提供商能够显示密钥。",
    fix: "使用 `mode: rotate`，它会生成新密钥并发布。",
  },
  EVENT_REFUSED: {
    of: "ab6aaf",
    title: "这个事件不允许轮换",
    meaning:
      "在 `pull_request_target` 和 `issue_comment` 工作流中，检出的可能是陌生人的文件；`pull_request` 只能做计划。",
    fix: "在 `schedule` 或 `workflow_dispatch` 上运行；在 `pull_request` 上设置 `mode: plan`。",
  },
  PROVIDER_UNREACHABLE: {
    of: "52a988",
    title: "无法连接到提供商",
    meaning: "没有建立到提供商 API 的连接；请求从未发出。",
    fix: "检查 `api-url`、域名解析、代理以及运行器的防火墙，然后再次运行。",
  },
  PROVIDER_UNAUTHORIZED: {
    of: "8e82d5",
    title: "提供商拒绝了管理凭据",
    meaning: "管理凭据错误、已过期或已停用。本次运行不会再次尝试它，因为提供商会锁定密钥。",
    fix: "在提供商处更新管理凭据，并存入步骤所读取的机密。",
  },
  ID_TOKEN_UNAVAILABLE: {
    of: "fc57f4",
    title: "无法取得工作流的 OIDC 令牌",
    meaning:
      "`oidc-…` 输入用 GitHub 标识本作业的令牌换取云上的密钥，而 GitHub 只把该令牌交给具有 `id-token: write` 权限的作业；来自 fork 的拉取请求所触发的工作流永远得不到它。",
    fix: "在作业的 `permissions:` 中授予 `id-token: write`；如果工作流由另一个工作流调用，两处都要授予。",
  },
  PROVIDER_FORBIDDEN: {
    of: "bb2fba",
    title: "管理凭据缺少权限",
    meaning: "凭据有效，但提供商不允许它执行此操作。",
    fix: "为该凭据授予错误信息指出的权限，或改用具备该权限的凭据。",
  },
  APP_NOT_FOUND: {
    of: "aed0bb",
    title: "提供商不认识这个应用",
    meaning: "`app-id` 不正确，或者该应用与管理凭据不属于同一个账号。",
    fix: "从提供商的控制台复制应用的 ID 到 `app-id`，并确认凭据属于同一个账号。",
  },
  PROVIDER_RATE_LIMITED: {
    of: "12a29f",
    title: "提供商正在限流",
    meaning: "提供商回答请求过多，等待之后仍是如此。",
    fix: "稍后再运行，或减少同时进行的轮换。",
  },
  PROVIDER_UNAVAILABLE: {
    of: "6b96b2",
    title: "提供商出现故障",
    meaning: "提供商返回了服务器错误。",
    fix: "查看提供商的状态页，然后再次运行。",
  },
  PROVIDER_ANSWER_LOST: {
    of: "52e7d9",
    title: "没有收到提供商的应答",
    meaning: "请求已经发出，但在收到完整应答之前连接中断或超时。",
    fix: "再次运行。",
  },
  PROVIDER_ANSWER_INVALID: {
    of: "fefd70",
    title: "提供商的应答出乎意料",
    meaning: "应答与提供商的文档不符：可能是另一个服务作出的应答，或者其 API 已经改变。",
    fix: "检查 `api-url`（以及 `api-prefix`）；如果它们没有问题，请把错误信息作为 issue 报告给本 Action。",
  },
  PROVIDER_REFUSED: {
    of: "52bbd1",
    title: "提供商拒绝了请求",
    meaning: "提供商以其文档规定的形式回答，它不会执行此操作。",
    fix: "根据日志中提供商自己的错误码和信息处理。",
  },
  PROVIDER_REDIRECT: {
    of: "49ae96",
    title: "提供商的地址重定向到别处",
    meaning: "请求带有凭据，因此不跟随重定向。",
    fix: "把 `api-url`（对于收件箱是 `inbox-url`）设为现在实际应答的地址。",
  },
  SECRET_UNUSABLE: {
    of: "0b92a1",
    title: "提供商的密钥无法存储",
    meaning: "提供商给出的值为空、被隐藏、不是文本，或者超过 GitHub 可存储的 48 KB。",
    fix: "在提供商的控制台查看该应用；它显示的值必须是不超过 48 KB 的纯文本。",
  },
  SECRET_UNCHANGED: {
    of: "d9ddc7",
    title: "提供商没有生成新密钥",
    meaning: "提供商称已生成新密钥，但原来的密钥仍然有效。",
    fix: "再次运行；如果仍是如此，请在提供商的控制台轮换一次，然后以 `mode: sync` 运行。",
  },
  ROTATION_UNKNOWN: {
    of: "ac8d7a",
    title: "不知道哪个密钥有效",
    meaning: "轮换调用的应答丢失，并且无法从提供商处查明结果。",
    fix: "再次运行：下一次运行会读取或更新密钥，然后发布。",
  },
  CONFIRM_DIFFERS: {
    of: "5b2f03",
    title: "提供商显示的密钥与发布的不同",
    meaning: "读回两次，提供商显示的都不是刚刚发布的密钥：有别人在更改它。",
    fix: "查明还有谁在轮换这个应用，然后以 `mode: sync` 再次运行，发布当前有效的密钥。",
  },
  CONFIRM_INVALID: {
    of: "97ac7f",
    title: "提供商拒绝新密钥",
    meaning: "密钥是提供商给出的，但试用时被它拒绝。",
    fix: "手动试用该应用；如果失败，以 `force: true` 再次运行。如果密钥随事件而来，下一个事件会带来另一个。",
  },
  CONFIRM_UNPROVEN: {
    of: "1f431b",
    title: "无法证明新密钥可用",
    meaning:
      "这个提供商可能会忽略自选的密钥而不作说明，而探测地址既没有接受也没有拒绝新密钥。没有发布任何内容。",
    fix: "用你知道的两个密钥手动试 `probe-url`，然后再次运行。",
  },
  PUT_BACK: {
    of: "83a8e7",
    title: "新密钥无法使用，原来的密钥已重新生效",
    meaning:
      "没有任何目标接受新密钥，或者提供商拒绝了它；原来的密钥已放回，并得到提供商确认。什么都没有改变。",
    fix: "修复日志中指出的目标或探测地址的问题，然后再次运行。",
  },
  PUT_BACK_UNCONFIRMED: {
    of: "4b7380",
    title: "原来的密钥本应放回，但不知道是否成功",
    meaning: "新密钥无法使用，而提供商没有确认原来的密钥已重新生效。",
    fix: "立即再次运行：标记会让下一次运行发布当前有效的密钥，或生成新密钥。",
  },
  APP_NOT_ROTATABLE: {
    of: "9a3b2f",
    title: "提供商无法轮换这个应用",
    meaning: "该应用的类型或状态使提供商不会轮换它。",
    fix: "错误信息说明了发现了什么以及需要什么。",
  },
  PROBE_UNUSABLE: {
    of: "d35b1d",
    title: "探测什么也证明不了",
    meaning: "`probe-url` 必须对应用的密钥对回答 2xx，对其他密钥对回答 401；在预检中它没有这样做。",
    fix: "把 `probe-url` 设为一个已发布、采用 App 认证、允许此应用以 GET 调用的 API。",
  },
  ROTATION_FAILED: {
    of: "7a8c36",
    title: "提供商自己的轮换失败",
    meaning: "提供商接受了轮换指令，但它的任务失败或没有及时结束。",
    fix: "在提供商的控制台查看该任务；等它有了结果，以 `mode: sync` 运行。",
  },
  ENVELOPE_MISSING: {
    of: "198e11",
    title: "事件没有携带信封",
    meaning:
      "`repository_dispatch` 事件必须在 `client_payload.feishu` 中带来平台的推送。没有向平台发出任何请求，否则出故障的中继会造成循环。",
    fix: "修复中继；要请求 ticket，请在 `schedule` 或 `workflow_dispatch` 上运行工作流。",
  },
  ENVELOPE_REFUSED: {
    of: "32e8d7",
    title: "信封未被接受",
    meaning:
      "送达的内容没有通过某项检查；这些检查用于确认它来自平台、是最近的、并且属于这个应用。其内容完全没有使用。",
    fix: "错误信息指出没有通过的检查，其提示说明应当更正什么。",
  },
  TICKET_NOT_DELIVERED: {
    of: "0179b4",
    title: "ticket 没有及时到达",
    meaning:
      "平台接受了对 ticket 的请求，但在 `ticket-timeout` 之内收件箱里没有出现带有新 ticket 的信封。原来的 ticket 在过期之前仍然可用。",
    fix: "在开发者后台的事件日志中查看推送是否已发送、中继如何应答；如果只是到得晚，请增大 `ticket-timeout`。",
  },
  POINTER_UNRESOLVED: {
    of: "cef63a",
    title: "pointer 在密钥中找不到对应的值",
    meaning: "目标用 JSON Pointer 取密钥的一部分；而密钥不是 JSON，或者该处没有字符串、数字或布尔值。",
    fix: "更正目标中的 `pointer=`；如果密钥不是 JSON，则将其删除。",
  },
  GITHUB_UNREACHABLE: {
    of: "d90ed6",
    title: "无法连接到 GitHub",
    meaning: "没有建立到 GitHub API 的连接，或者在收到完整应答之前连接中断。",
    fix: "检查运行器的网络和 GitHub 的状态页，然后再次运行。",
  },
  GITHUB_UNAUTHORIZED: {
    of: "4f72c6",
    title: "GitHub 拒绝了令牌",
    meaning: "`github-token` 错误、已过期或已被撤销。",
    fix: "新建一个令牌，并存入 `github-token` 所读取的机密。",
  },
  GITHUB_FORBIDDEN: {
    of: "d6ae39",
    title: "令牌不能在此写入机密",
    meaning: "令牌有效，但缺少权限。工作流自带的 `GITHUB_TOKEN` 永远不能写入机密。",
    fix: "使用细粒度令牌或 GitHub App 令牌，并授予错误信息指出的仓库权限。",
  },
  GITHUB_NOT_FOUND: {
    of: "f1b17e",
    title: "GitHub 没有显示这个位置",
    meaning: "仓库或环境不存在，或者令牌无权看到它：两种情况 GitHub 都回答 404。",
    fix: "检查目标的拼写；创建该环境；让令牌可以访问该仓库。",
  },
  GITHUB_RATE_LIMITED: {
    of: "c3343a",
    title: "GitHub 正在限制该令牌",
    meaning: "令牌的请求次数已用完，而 GitHub 要求的等待时间太长。",
    fix: "等到错误信息指出的时间之后再运行；为轮换使用单独的令牌。",
  },
  GITHUB_UNAVAILABLE: {
    of: "867271",
    title: "GitHub 出现故障",
    meaning: "GitHub 返回的错误与请求本身无关。",
    fix: "查看 GitHub 的状态页，然后再次运行。",
  },
  GITHUB_REJECTED: {
    of: "3e3892",
    title: "GitHub 认为请求无效",
    meaning: "GitHub 理解了请求，但拒绝其内容（422）。",
    fix: "根据日志中 GitHub 自己的信息处理。",
  },
  GITHUB_ANSWER_INVALID: {
    of: "2b7d43",
    title: "GitHub 的应答出乎意料",
    meaning: "应答不符合文档规定的结构：可能是代理或另一个服务作出的应答。",
    fix: "检查 `GITHUB_API_URL` 和运行器的代理，然后再次运行。",
  },
  PUBLIC_KEY_INVALID: {
    of: "e860a9",
    title: "GitHub 的公钥无法使用",
    meaning: "该位置的公钥不是 32 字节，因此无法为它加密。",
    fix: "再次运行；如果仍是如此，说明运行器与 GitHub 之间有东西在改动应答。",
  },
  SECRET_LIMIT: {
    of: "9dfd2c",
    title: "该位置没有空间容纳更多机密",
    meaning:
      "GitHub 在一个仓库或环境中最多保存 100 个机密，在一个组织中最多 1,000 个；标记和新目标需要占用名额。",
    fix: "从该位置删除没有人使用的机密。",
  },
  TOO_MANY_WRITES: {
    of: "801d99",
    title: "本次运行的写入超过 GitHub 能及时接受的数量",
    meaning: "按 GitHub 的速度，这些写入需要超过 45 分钟，而 App 令牌的有效期是一小时。",
    fix: '用 "only" 让多个作业或多个定时各运行一部分轮换；最彻底的办法是用矩阵，每个轮换一个作业、各用自己的令牌。',
  },
  SEALING_FAILED: {
    of: "6e36e3",
    title: "这台机器上无法加密",
    meaning: "libsodium 无法启动，或者在轮换之前的试验中无法解开它自己加密的内容。",
    fix: "使用其 Node.js 能够运行 WebAssembly 的运行器。",
  },
  CANCELLED: {
    of: "106ee3",
    title: "运行在轮换之前被取消",
    meaning: "取消请求在轮换调用之前到达；什么都没有改变。",
    fix: "需要轮换时再次运行。",
  },
  PUBLISH_INCOMPLETE: {
    of: "db53d6",
    title: "部分目标没有持有当前有效的密钥",
    meaning: "当前有效的密钥没能写入每个目标；其余目标已经持有它。",
    fix: "修复失败的目标所指出的问题，然后再次运行：标记会让下一次运行完成剩下的工作。",
  },
  SECRET_LOST: {
    of: "3ee7f5",
    title: "运行在轮换调用中途被终止",
    meaning: "步骤在轮换调用之后、新密钥得以加密之前被杀死：提供商可能已经使各目标持有的密钥失效。",
    fix: "立即再次运行：标记会让下一次运行发布当前有效的密钥，或生成新密钥。",
  },
  CONCURRENT_RUN: {
    of: "7a5657",
    title: "同一轮换的两次运行重叠",
    meaning:
      "本次运行的标记被另一次运行删除或重写，因此不知道目标中是谁的密钥。post 步骤尚未发送的内容此时会被扣下，因为它可能覆盖更新的密钥。",
    fix: "给工作流加上 `concurrency` 组，然后再次运行：下一次运行会恢复一致。",
  },
  MARKER_UNREADABLE: {
    of: "1ed7f4",
    title: "无法查看标记",
    meaning: "写入之后无法读取标记的时间，因此不能排除运行重叠。",
    fix: "再次运行：下一次运行会清理标记。",
  },
  JOURNAL_UNWRITABLE: {
    of: "0e541e",
    title: "无法写入恢复文件（journal）",
    meaning:
      "已加密的值保存在文件中，直到 GitHub 收到它们，这样被杀死的运行也能完成；运行器的临时目录无法写入。",
    fix: "在运行器的临时目录（`RUNNER_TEMP`）中腾出空间，并允许运行器写入。",
  },
  INTERNAL: {
    of: "b36083",
    title: "本 Action 的故障",
    meaning: "发生了本 Action 没有预见的情况。其文本不予显示，因为可能含有密钥。",
    fix: "请附上日志，作为 issue 报告给本 Action。",
  },
};
