export const id = 720;
export const ids = [720];
export const modules = {

/***/ 2720:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   createHttpClient: () => (/* binding */ createHttpClient)
/* harmony export */ });
/* harmony import */ var _errors_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3916);
/* harmony import */ var _pointer_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(6346);
/* harmony import */ var _retry_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(9809);
/* harmony import */ var _answer_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(9722);




/** A token is not used in the last half minute of its life, or in its last half if it lives less. In milliseconds. */
const MARGIN = 30_000;
const AUTH_INPUTS = `what stands under "http.auth"`;
function createHttpClient({ rotation, pointer, success, auth }, { title, appId }, context) {
    const { gate, clock, masker } = context;
    /** The headers that authorize a request. Getting them ends no secret. */
    const authorize = async (signal) => {
        if (auth.kind === "headers") {
            return Object.fromEntries(Object.entries(auth.headers).map(([name, value]) => [name, value.expose()]));
        }
        const open = () => (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .askAgain */ .et)(context, () => gate.pass(auth.digest, () => requestToken(title, auth, context, signal)), signal);
        try {
            const { token } = await gate.session(auth.digest, open, ({ freshUntil }) => clock.now() < freshUntil);
            return { authorization: `Bearer ${token}` };
        }
        catch (thrown) {
            throw thrown instanceof _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL ? thrown.harmless() : thrown;
        }
    };
    /** The secret that an answer to a request shows. */
    const send = async (request, secretAt, check) => {
        const authorization = await authorize(request.signal);
        return gate.pass(auth.digest, async () => {
            const headers = { ...request.headers, ...authorization };
            const response = await (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .ask */ .kA)(context, { ...request, provider: title, headers });
            const answer = parseJson(response.body);
            const value = (0,_pointer_js__WEBPACK_IMPORTED_MODULE_3__/* .resolvePointer */ .c)(answer, secretAt);
            if (typeof value === "string")
                masker.mask(value);
            const { action } = request;
            refuseUnlessOk(response, { title, action, appId, now: clock.now() });
            if (answer === undefined) {
                throw (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .invalidAnswer */ .k_)(title, { action, found: (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .describeBody */ .MP)(response), expected: "JSON" });
            }
            check?.(answer);
            return (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .usableSecret */ .hW)(title, value, masker);
        });
    };
    return {
        async logIn(signal) {
            await authorize(signal);
        },
        rotate: () => {
            const action = "rotate the secret";
            return send({ ...rotation, action }, pointer, (answer) => {
                if (success === undefined)
                    return;
                const found = (0,_pointer_js__WEBPACK_IMPORTED_MODULE_3__/* .resolvePointer */ .c)(answer, success.pointer);
                if (asText(found) === success.value)
                    return;
                const code = `"${success.pointer}" is not "${success.value}"`;
                const hint = `Look in the log what the service said; if it has done it, correct "http.success".`;
                const detail = saidIn(answer);
                throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_REFUSED", { provider: title, action, code, hint }, { detail, changed: "unknown" });
            });
        },
        read: ({ url, headers, pointer: secretAt }, signal) => (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .askAgain */ .et)(context, () => send({ method: "GET", url, headers, action: "read the secret in force", signal }, secretAt), signal),
    };
}
/** https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
async function requestToken(title, { tokenUrl, clientId, clientSecret, scope, clientAuth }, context, signal) {
    const action = "issue a token";
    const form = new URLSearchParams({
        grant_type: "client_credentials",
        ...(scope === undefined ? {} : { scope }),
    });
    const headers = {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
    };
    if (clientAuth === "basic") {
        // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: encoded before they are joined.
        const pair = `${encodeForm(clientId)}:${encodeForm(clientSecret.expose())}`;
        context.masker.mask(pair);
        headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
    }
    else {
        form.set("client_id", clientId);
        form.set("client_secret", clientSecret.expose());
    }
    const response = await (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .ask */ .kA)(context, {
        provider: title,
        action,
        method: "POST",
        url: tokenUrl,
        headers,
        body: form.toString(),
        signal,
    });
    const answer = (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .parseObject */ .lj)(response.body);
    const token = answer?.["access_token"];
    if (typeof token === "string")
        context.masker.mask(token);
    const { status } = response;
    const now = context.clock.now();
    // https://www.rfc-editor.org/rfc/rfc6749#section-5.2 has 400 and 401; any other refusal of a client is one too.
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
        const detail = saidIn(answer);
        throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_UNAUTHORIZED", { provider: title, inputs: AUTH_INPUTS }, { detail });
    }
    refuseUnlessOk(response, { title, action, appId: "", now });
    if (typeof token !== "string" || token === "") {
        const found = answer === undefined ? (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .describeBody */ .MP)(response) : "no access_token";
        throw (0,_answer_js__WEBPACK_IMPORTED_MODULE_2__/* .invalidAnswer */ .k_)(title, { action, found, expected: "an access token" });
    }
    const seconds = Number(answer?.["expires_in"]);
    const life = seconds > 0 ? seconds * 1_000 : Infinity;
    return { token, freshUntil: now + life - Math.min(MARGIN, life / 2) };
}
/** By its status. HTTP has 4xx say that the request was not fulfilled (https://www.rfc-editor.org/rfc/rfc9110#section-15.5). */
function refuseUnlessOk(response, { title: provider, action, appId, now, }) {
    const { status } = response;
    if (status >= 200 && status < 300)
        return;
    const detail = saidIn(parseJson(response.body));
    switch (status) {
        case 401:
            throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_UNAUTHORIZED", { provider, inputs: AUTH_INPUTS }, { detail });
        case 403:
            throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_FORBIDDEN", { provider, action }, { detail });
        case 404:
        case 410:
            throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("APP_NOT_FOUND", { provider, appId }, { detail });
        case 429: {
            const retryAfter = (0,_retry_js__WEBPACK_IMPORTED_MODULE_1__/* .parseRetryAfter */ .mu)(response.headers["retry-after"], now);
            throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_RATE_LIMITED", { provider, action }, { detail, transient: true, retryAfter });
        }
    }
    // 408: the request did not arrive in time, whatever became of it.
    if (status === 408 || status >= 500) {
        const options = { detail, transient: true, changed: "unknown" };
        throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_UNAVAILABLE", { provider, action, status }, options);
    }
    throw _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .RotationError */ .FL.of("PROVIDER_REFUSED", { provider, action, code: `HTTP ${String(status)}` }, { detail });
}
/** What OAuth, problem details and common services call their messages; anything else could be a secret. */
const MESSAGES = ["error", "error_description", "errorMessage", "code", "message", "msg", "title", "detail"];
function saidIn(answer) {
    const texts = MESSAGES.map((name) => (0,_pointer_js__WEBPACK_IMPORTED_MODULE_3__/* .resolvePointer */ .c)(answer, `/${name}`)).filter((text) => typeof text === "string" || typeof text === "number");
    return texts.length === 0 ? undefined : texts.join(": ");
}
/** As it is written in a rotations file; undefined for what is no single value. */
function asText(value) {
    if (typeof value === "string")
        return value;
    return typeof value === "object" && value !== null ? undefined : JSON.stringify(value);
}
function parseJson(body) {
    try {
        return JSON.parse(body);
    }
    catch {
        return undefined;
    }
}
function encodeForm(text) {
    return new URLSearchParams([["", text]]).toString().slice(1);
}


/***/ })

};
