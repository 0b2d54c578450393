export const id = 689;
export const ids = [689];
export const modules = {

/***/ 4689:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   parseRotationsFile: () => (/* binding */ parseRotationsFile)
/* harmony export */ });
/* unused harmony exports STEP_INPUTS, NAME */
/* harmony import */ var yaml__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(8815);
/* harmony import */ var _errors_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(3916);


/** What belongs to the step, and not to one rotation of many. */
const STEP_INPUTS = ["mode", "force", "config", "only", "github-token"];
/** The only input that may be a list. */
const LIST_INPUT = "targets";
/** The only input that is a map. What stands in it are inputs of their own, such as `http.read.url`. */
const MAP_INPUT = "http";
/** How deep maps in it go: `http.auth.headers.NAME`. An alias of what it stands in would have no end. */
const DEEPEST = 3;
/** A name that matrix jobs, log groups and tables can show, and that `only` can name. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,98}[\p{L}\p{N}._-])?$/u;
/**
 * Reads the YAML of a rotations file, as far as it is the same for all providers: values are texts as they stand there.
 *
 * @param path as the user wrote it, for messages.
 * @throws {RotationErrors} CONFIG_INVALID for every problem, with file, line and column.
 */
function parseRotationsFile(text, path) {
    const lines = new yaml__WEBPACK_IMPORTED_MODULE_0__/* .LineCounter */ .HN();
    const document = (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .parseDocument */ .Tp)(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const problems = [];
    const at = (offset) => {
        const { line, col } = lines.linePos(offset);
        return `${path}:${String(Math.max(1, line))}:${String(Math.max(1, col))}`;
    };
    const problem = (place, found, expected) => {
        problems.push(_errors_js__WEBPACK_IMPORTED_MODULE_1__/* .RotationError */ .FL.of("CONFIG_INVALID", { at: place, found, expected }));
    };
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
        problem(at(pos[0]), `it is no valid YAML: ${firstSentence(message)}`, "valid YAML");
    }
    if (problems.length > 0)
        throw new _errors_js__WEBPACK_IMPORTED_MODULE_1__/* .RotationErrors */ .kt(problems);
    const entries = readEntries({ document, at, problem }, `${path}:1:1`);
    if (problems.length > 0)
        throw new _errors_js__WEBPACK_IMPORTED_MODULE_1__/* .RotationErrors */ .kt(problems);
    return entries;
}
function readEntries(reading, top) {
    const { document, problem } = reading;
    const root = resolve(reading, document.contents);
    if (!(0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(root)) {
        problem(top, root === null ? "the file is empty" : `it is ${kindOf(root)}`, `a map with "rotations"`);
        return [];
    }
    let defaults = new Map();
    let rotations;
    let place = top;
    for (const pair of root.items) {
        const key = keyOf(pair);
        if (key === "defaults") {
            defaults = readInputs(reading, resolve(reading, pair.value), {
                ...whereIs(reading, pair),
                inherited: true,
            });
            if (defaults.has("name"))
                problem(defaults.get("name")?.at ?? top, `"name" is in "defaults"`, "a name in each rotation");
        }
        else if (key === "rotations") {
            rotations = resolve(reading, pair.value);
            place = whereIs(reading, pair).at;
        }
        else if (key !== "$schema") {
            problem(whereIs(reading, pair).at, `there is "${key}"`, `"defaults" and "rotations" only`);
        }
    }
    if (!(0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isSeq */ .oP)(rotations) || rotations.items.length === 0) {
        problem(place, `there are no "rotations"`, "a list of at least one");
        return [];
    }
    const names = new Map();
    return rotations.items.flatMap((item) => {
        const node = resolve(reading, item);
        const where = { at: startOf(reading, node, place), inherited: false };
        const own = readInputs(reading, node, where);
        const name = own.get("name");
        if (!(0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(node))
            return [];
        if (name === undefined || !NAME.test(name.text)) {
            const found = name === undefined ? `a rotation has no "name"` : `its name is "${name.text}"`;
            problem(name?.at ?? where.at, found, "a name of letters, digits, dots, dashes and underscores, and blanks in between");
            return [];
        }
        const other = names.get(name.text);
        if (other !== undefined)
            problem(name.at, `the name "${name.text}" is taken at ${other}`, "a name of its own");
        names.set(name.text, name.at);
        const inputs = new Map([...defaults, ...own]);
        inputs.delete("name");
        return [{ name: name.text, at: where.at, inputs }];
    });
}
/** The inputs of one map. */
function readInputs(reading, node, { at, inherited }) {
    const { problem } = reading;
    const inputs = new Map();
    if (!(0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(node)) {
        problem(at, `it is ${kindOf(node)}`, "a map of inputs");
        return inputs;
    }
    for (const pair of node.items) {
        const key = keyOf(pair);
        const value = resolve(reading, pair.value);
        const place = startOf(reading, value, whereIs(reading, pair).at);
        if (STEP_INPUTS.includes(key)) {
            problem(whereIs(reading, pair).at, `"${key}" is here`, `it in the step's "with:", as it holds for all rotations`);
        }
        else if (key === MAP_INPUT && (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(value)) {
            flatten(reading, value, { name: key, at: place, inherited, inputs });
        }
        else if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isScalar */ .jn)(value) && key !== MAP_INPUT) {
            inputs.set(key, { text: textOf(value), at: place, items: [], inherited });
        }
        else if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isSeq */ .oP)(value) &&
            key === LIST_INPUT &&
            value.items.every((item) => (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isScalar */ .jn)(resolve(reading, item)))) {
            const items = value.items.map((item) => resolve(reading, item));
            inputs.set(key, {
                text: items.map(textOf).join("\n"),
                at: place,
                items: items.map((item) => startOf(reading, item, place)),
                inherited,
            });
        }
        else {
            const expected = { [LIST_INPUT]: "a text, or a list of texts", [MAP_INPUT]: "a map" }[key] ?? "a text";
            problem(place, `"${key}" is ${kindOf(value)}`, expected);
        }
    }
    return inputs;
}
/** Adds every text of a map by its path, and the map itself as an empty one, so that its place is known. */
function flatten(reading, map, { name, at, inherited, inputs, depth = 1, }) {
    inputs.set(name, { text: "", at, items: [], inherited });
    for (const pair of map.items) {
        const path = `${name}.${keyOf(pair)}`;
        const value = resolve(reading, pair.value);
        const place = startOf(reading, value, whereIs(reading, pair).at);
        if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isScalar */ .jn)(value))
            inputs.set(path, { text: textOf(value), at: place, items: [], inherited });
        else if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(value) && depth < DEEPEST) {
            flatten(reading, value, { name: path, at: place, inherited, inputs, depth: depth + 1 });
        }
        else
            reading.problem(place, `"${path}" is ${kindOf(value)}`, "a text");
    }
}
function resolve({ document }, node) {
    return (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isAlias */ .Vj)(node) ? (node.resolve(document) ?? null) : node;
}
function keyOf({ key }) {
    return (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isScalar */ .jn)(key) ? String(key.value) : String(key);
}
function whereIs(reading, { key, value }) {
    return { at: startOf(reading, key, startOf(reading, value, "")) };
}
function startOf({ at }, node, otherwise) {
    const start = node?.range?.[0];
    return start === undefined ? otherwise : at(start);
}
/** As it was written: a number keeps its zeros, and an empty value is an empty text. */
function textOf({ value, source }) {
    if (value === null)
        return "";
    return typeof value === "string" ? value : (source ?? JSON.stringify(value));
}
function kindOf(node) {
    if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isMap */ .jh)(node))
        return "a map";
    if ((0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isSeq */ .oP)(node))
        return "a list";
    return (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .isScalar */ .jn)(node) && node.value !== null ? "a text" : "empty";
}
/** YAML's messages go on about where it is. */
function firstSentence(message) {
    return message.split("\n")[0]?.replace(/\.$/, "") ?? "";
}


/***/ })

};
