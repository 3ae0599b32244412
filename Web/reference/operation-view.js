import { h } from "./dom.js";
import { example } from "./example.js";
import { line, prose } from "./prose.js";
import { fieldLine, schemaTree } from "./schema-tree.js";
import { tryIt } from "./try-it.js";

/// Everything about one operation. It is made of parts, each with text and beside or below it the examples that belong to it.
export function operationView(description, operation) {
    const { messages } = operation;
    return [
        introduction(description, operation),
        messages && messageTables(messages),
        messages && messages.client.map((one) => messageView(description, one, "client")),
        messages && messages.server.map((one) => messageView(description, one, "server")),
        closeCodes(operation.closeCodes),
        operation.body && bodyView(description, operation.body),
        operation.responses.length > 0 && part([h("h4", "Responses")]),
        operation.responses.map((one) => responseView(description, one)),
    ];
}

function part(text, examples = []) {
    return h("div", { class: "part" }, h("div", { class: "prose" }, text), h("div", { class: "examples" }, examples));
}

function introduction(description, operation) {
    const { parameters, messages, method, samples } = operation;
    const token = description.mayNeedToken(operation);
    return part([
        prose(operation.description),
        token && h("p", { class: "token" },
            "Wants ", h("code", "Authorization: Bearer TOKEN"), " where the server has a token."),
        parameters.length > 0 && [h("h4", "Parameters"), h("ul", { class: "fields" }, parameters.map((one) => h("li",
            fieldLine(description, { ...one, description: `In the ${one.in}. ${one.description ?? ""}` }, true))))],
        method === "get" && !messages && tryIt(operation),
    ], [
        samples.map(({ label, lang, source }) => example(label ?? lang, source)),
        method === "get" && !messages && example("On the command line", command(operation, token)),
    ]);
}

function command({ path, parameters }, token) {
    const filled = path.replace(/\{([^}]+)\}/g, (whole, name) => parameters.find((one) => one.name === name)?.example ?? whole);
    const field = token ? ` \\\n  -H "Authorization: Bearer $TOKEN"` : "";
    return `curl ${new URL(filled.slice(1), document.baseURI)}${field}`;
}

// MARK: WebSocket messages

const senders = { client: "From the client", server: "From the server" };
const anchor = (name, sender) => `${sender}-${name.replace(/[^a-z]+/g, "-").replace(/^-|-$/g, "")}`;

function messageTables(messages) {
    return part(Object.entries(senders).map(([sender, title]) => [
        h("h4", `Messages ${title.toLowerCase()}`),
        table(title, ["Message", "Means"], messages[sender].map(({ name, summary }) => [
            h("a", { href: `#${anchor(name, sender)}` }, h("code", name)), line(summary)])),
    ]));
}

function messageView(description, message, sender) {
    const { name, summary, schema, examples = [] } = message;
    const isSent = sender === "client";
    const tree = schemaTree(description, schema, isSent);
    return part([
        h("h5", { id: anchor(name, sender), tabindex: -1 },
            h("code", name), h("span", { class: "sender" }, senders[sender].toLowerCase())),
        h("p", line(summary)), prose(message.description),
        tree ?? h("p", h("span", { class: "type" }, description.typeOf(schema))),
    ], examples.map((one, index) => example(index === 0 ? name : `${name}, at its shortest`, one)));
}

function closeCodes(codes) {
    return codes.length > 0 && part([
        h("h4", "Close codes"),
        table("Close codes", ["Code", "Reason", "When"], codes.map(({ code, reason, meaning }) => [
            h("code", String(code)), reason ? h("code", reason) : "", line(meaning)])),
    ]);
}

// MARK: bodies

function bodyView(description, body) {
    return part([h("h4", "Request body"), prose(body.description), contentTrees(description, body, true)], contentExamples(body));
}

function responseView(description, response) {
    const headers = Object.entries(response.headers ?? {}).map(([name, value]) => ({ ...description.resolve(value), name }));
    return part([
        h("h5",
            h("code", { class: `status s${response.status[0]}` }, response.status), h("span", line(response.description))),
        contentTrees(description, response, false),
        headers.length > 0 && h("details", { class: "headers" },
            h("summary", headers.length === 1 ? "1 header field" : `${headers.length} header fields`),
            h("ul", { class: "fields" }, headers.map((one) => h("li", fieldLine(description, one))))),
    ], contentExamples(response, response.status));
}

function contentTrees(description, { content = {} }, isSent) {
    return Object.entries(content).map(([type, { schema }]) => [
        h("p", { class: "content type" }, `${type} · ${description.typeOf(schema)}`),
        schemaTree(description, schema, isSent),
    ]);
}

function contentExamples({ content = {} }, status) {
    return Object.entries(content).filter(([, one]) => one.example !== undefined).map(
        ([type, one]) => example([status, type].filter(Boolean).join(" · "), one.example));
}

/// A table that scrolls by itself where it is too wide.
export function table(label, titles, rows) {
    return h("div", { class: "table", tabindex: 0, role: "region", "aria-label": label }, h("table",
        h("thead", h("tr", titles.map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", rows.map((row) => h("tr", row.id ? { id: row.id, tabindex: -1 } : {}, (row.cells ?? row).map(
            (cell, index) => h(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, cell)))))));
}
