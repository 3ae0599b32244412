import { h } from "./dom.js";

/// The CommonMark that descriptions use: paragraphs, lists with `- `, `code`, **strong** and [links](#there).
export function prose(text) {
    return (text ?? "").split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
        const lines = block.trim().split("\n");
        if (!lines.every((line) => line.startsWith("- "))) return h("p", line(lines.join(" ")));
        return h("ul", lines.map((item) => h("li", line(item.slice(2)))));
    });
}

/// One line of it.
export function line(text) {
    const parts = (text ?? "").split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\))/);
    return parts.filter(Boolean).map((part) => {
        if (part.startsWith("`")) return h("code", part.slice(1, -1));
        if (part.startsWith("**")) return h("strong", line(part.slice(2, -2)));
        const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part);
        // A description is the server's own, yet a link of it never runs code.
        if (link && /^(#|\/|https?:)/.test(link[2])) return h("a", { href: link[2] }, line(link[1]));
        return link ? link[1] : part;
    });
}
