import { h } from "./dom.js";

/// A block of code with a title, and a button that copies it.
export function example(title, value) {
    const text = typeof value === "string" ? value : json(value);
    const button = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${title}`, click: copy }, "Copy");
    async function copy() {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }
    return h("figure", { class: "example" },
        h("figcaption", h("span", title), button),
        h("pre", { tabindex: 0 }, h("code", typeof value === "string" ? text : coloured(text))));
}

/// Short objects and lists stay on one line, so that a message is seen at a glance.
export function json(value, indent = "") {
    const flat = flatJSON(value);
    if (typeof value !== "object" || value === null || flat.length + indent.length <= 60) return flat;
    const inner = `${indent}  `;
    const items = Array.isArray(value)
        ? value.map((item) => inner + json(item, inner))
        : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${json(item, inner)}`);
    const [open, close] = Array.isArray(value) ? "[]" : "{}";
    return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

function flatJSON(value) {
    if (Array.isArray(value)) return `[${value.map(flatJSON).join(", ")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flatJSON(item)}`).join(", ")}}`;
}

/// JSON text with its keys, texts and other values told apart.
export function coloured(text) {
    return text.split(/("(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b)/).filter(Boolean).map((part) => {
        if (/^".*:$/s.test(part)) return h("span", { class: "key" }, part);
        if (part.startsWith('"')) return h("span", { class: "text" }, part);
        return /^(-?\d|true$|false$|null$)/.test(part) ? h("span", { class: "number" }, part) : part;
    });
}
