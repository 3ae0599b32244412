import { h } from "./dom.js";
import { line } from "./prose.js";

// Schemas may contain themselves.
const deepest = 6;

/// The fields of a schema as nested lists; null where it has none. Of what the server sends it is not told what is required:
/// nearly all is, so that the exceptions are marked instead.
export function schemaTree(description, schema, isSent, depth = 0) {
    const fields = depth < deepest ? description.fieldsOf(schema) : [];
    if (fields.length === 0) return null;
    return h("ul", { class: "fields" }, fields.map((field) => h("li",
        fieldLine(description, field, isSent),
        nested(schemaTree(description, field.schema, isSent, depth + 1), field.name))));
}

function nested(tree, name) {
    return tree && h("details", h("summary", "fields of ", h("code", name)), tree);
}

/// Name, type and meaning of a field, parameter or header field.
export function fieldLine(description, { name, schema, required, description: meaning }, isSent = false) {
    const mark = isSent ? required && "required" : required === false && "may be missing";
    const limits = description.limitsOf(schema);
    return h("p", { class: "field" },
        h("code", { class: "name" }, name), " ",
        h("span", { class: "type" }, description.typeOf(schema)), " ",
        mark && h("span", { class: isSent ? "required" : "limits" }, mark),
        (meaning || limits) && h("span", { class: "meaning" }, line(meaning), meaning && limits ? " " : "",
            limits && h("span", { class: "limits" }, line(`${limits[0].toUpperCase()}${limits.slice(1)}.`))));
}
