import { headers } from "../captions/access.js";
import { askForToken } from "../captions/token-prompt.js";
import { h } from "./dom.js";
import { coloured, json } from "./example.js";

const shown = 20_000; // characters of an answer

/// A form that sends a GET request from the reader's browser and shows the answer.
export function tryIt({ path, parameters }) {
    const sent = parameters.filter((one) => one.in === "query" || one.in === "path");
    const output = h("div", { class: "answer", role: "status", hidden: true });
    const fields = sent.map((one) => h("label", h("code", one.name), h("input", {
        name: one.name, value: one.example ?? "", required: one.required ?? false, autocomplete: "off", spellcheck: "false",
    })));
    const form = h("form", { class: "try", submit: send }, fields, h("button", { type: "submit" }, "Try it"),
        h("span", { class: "hint" }, "asks this server now"));

    async function send(event) {
        event.preventDefault();
        const url = address(path, sent, new FormData(form));
        form.setAttribute("aria-busy", "true");
        try {
            output.replaceChildren(...await ask(url));
        } catch (error) {
            output.replaceChildren(h("p", `The server could not be reached: ${error.message}`));
        }
        form.removeAttribute("aria-busy");
        output.hidden = false;
    }
    return h("div", { class: "trial" }, form, output);
}

function address(path, parameters, values) {
    const inPath = path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(values.get(name)));
    const url = new URL(inPath.slice(1), document.baseURI);
    for (const { name, in: place } of parameters) {
        if (place === "query" && values.get(name)) url.searchParams.set(name, values.get(name));
    }
    return url;
}

async function ask(url) {
    const began = performance.now();
    const answer = await fetch(url, { headers: headers(), cache: "no-store" });
    const text = await answer.text();
    if (answer.status === 401 && await askForToken()) return ask(url);
    const took = Math.max(1, Math.round(performance.now() - began));
    const type = answer.headers.get("content-type") ?? "no type";
    return [
        h("p", h("b", { class: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.statusText}`),
            ` ${url.pathname}${url.search} · ${type} · ${text.length} characters · ${took} ms`),
        h("pre", { tabindex: 0, "aria-label": "The answer's body" }, h("code", readable(text, type))),
    ];
}

function readable(text, type) {
    const cut = text.length > shown ? `${text.slice(0, shown)}\n… ${text.length - shown} characters more` : text;
    if (!type.includes("json") || text.length > shown) return cut;
    try { return coloured(json(JSON.parse(text))); } catch { return cut; }
}
