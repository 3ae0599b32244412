import { themeToggle } from "../captions/theme.js";
import { Description } from "./description.js";
import { h } from "./dom.js";
import { operationView, table } from "./operation-view.js";
import { line, prose } from "./prose.js";
import { Search } from "./search.js";

/// Renders `/openapi.json`. The address decides how it looks: `/docs` to browse, `/redoc` to read.

const find = (id) => document.getElementById(id);
const isReading = location.pathname.endsWith("/redoc");
const folds = !isReading; // operations are opened one by one
document.body.dataset.view = isReading ? "redoc" : "docs";
if (isReading) Object.assign(find("other-view"), { href: "docs", textContent: "Browsing view" });

themeToggle(find("theme"));
try {
    const answer = await fetch(new URL("openapi.json", document.baseURI));
    if (!answer.ok) throw new Error(`the answer was ${answer.status}`);
    render(new Description(await answer.json()));
} catch (error) {
    find("reference").replaceChildren(h("p", { role: "alert" }, `The reference could not be loaded: ${error.message}.`));
}
find("reference").removeAttribute("aria-busy");

function render(description) {
    const { info } = description.document;
    find("version").textContent = info.version;
    const entries = [];
    const groups = description.groups.map((group) => groupView(description, group, entries));
    const errors = errorView(description.document["x-error-codes"] ?? [], entries);
    find("reference").replaceChildren(
        h("section", { class: "introduction" }, h("div", { class: "part" }, h("div", { class: "prose" },
            h("h2", { id: "introduction", tabindex: -1 }, info.title), h("p", { class: "lead" }, info.summary),
            prose(info.description)))),
        ...groups.map(({ section }) => section), errors.section);
    find("contents").replaceChildren(
        h("ul", h("li", h("a", { href: "#introduction" }, "Introduction")), groups.map(({ item }) => item), errors.item));

    const search = new Search(find("search"), find("matches"), entries);
    const go = () => show(decodeURIComponent(location.hash.slice(1)), search);
    addEventListener("hashchange", go);
    // A click on the anchor that is in the address already.
    addEventListener("click", (event) => {
        const link = event.target.closest("a[href^='#']");
        if (link && link.hash === location.hash) go();
    });
    markCurrent();
    go();
}

function groupView(description, { tag, operations }, entries) {
    const id = `tag-${tag.name.toLowerCase().replaceAll(" ", "-")}`;
    const made = operations.map((operation) => {
        const view = entryView(description, operation);
        const link = h("li", { "data-entry": true },
            h("a", { href: `#${operation.id}` }, methodBadge(operation), operation.path));
        entries.push({ element: view, link });
        return { view, link };
    });
    return {
        section: h("section", { class: "group", "data-group": true, "aria-labelledby": id },
            h("div", { class: "part" }, h("div", { class: "prose" },
                h("h2", { id, tabindex: -1 }, tag.name), prose(tag.description))),
            made.map(({ view }) => view)),
        item: h("li", { "data-group": true }, h("a", { href: `#${id}` }, tag.name), h("ul", made.map(({ link }) => link))),
    };
}

function entryView(description, operation) {
    const title = h("h3", { id: operation.id, tabindex: -1 },
        methodBadge(operation), h("code", { class: "path" }, operation.path),
        h("span", { class: "summary" }, operation.summary));
    const body = operationView(description, operation).flat().filter(Boolean);
    if (folds) {
        return h("details", { class: "entry", "data-entry": true }, h("summary", title), h("div", { class: "body" }, body));
    }
    return h("section", { class: "entry", "data-entry": true, "aria-labelledby": operation.id },
        h("div", { class: "part" }, h("div", { class: "prose" }, title)), body);
}

function methodBadge({ method, messages }) {
    return h("span", { class: `method ${messages ? "ws" : method}` }, messages ? "WS" : method.toUpperCase());
}

function errorView(codes, entries) {
    const rows = codes.map(({ code, status, retryable, meaning }) => ({ id: code, cells: [
        h("a", { href: `#${code}` }, h("code", code)), String(status), retryable ? "yes" : "no", line(meaning)] }));
    const section = h("section", { class: "group", "data-group": true, "aria-labelledby": "error-codes" },
        h("div", { class: "part" }, h("div", { class: "prose" },
            h("h2", { id: "error-codes", tabindex: -1 }, "Error codes"),
            h("p", "The same in WebSocket messages, HTTP problems, logs and metrics. ", h("em", "Again"),
                " says whether the same request may succeed if it is simply made again later."),
            table("Error codes", ["Code", "HTTP", "Again", "Meaning"], rows))));
    for (const row of section.querySelectorAll("tbody tr")) {
        row.dataset.entry = "";
        entries.push({ element: row });
    }
    // In the contents the table is one line, which any of its rows keeps there.
    const item = h("li", h("a", { href: "#error-codes" }, "Error codes"));
    return { section, item };
}

/// Opens what an anchor is in and goes there.
function show(id, search) {
    const target = id && find(id);
    if (!target) return;
    if (target.closest("[hidden]")) search.clear();
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
    if (matchMedia("(max-width: 60rem)").matches) find("contents").parentElement.open = false;
}

/// Marks the line of the contents whose text is being read.
function markCurrent() {
    const links = new Map([...find("contents").querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const observer = new IntersectionObserver((changes) => {
        for (const { target, isIntersecting } of changes) seen[isIntersecting ? "add" : "delete"](target);
        const ids = [...links.keys()];
        const first = [...seen].sort((a, b) => ids.indexOf(a.dataset.reads) - ids.indexOf(b.dataset.reads)).at(-1);
        for (const link of links.values()) link.removeAttribute("aria-current");
        if (first) links.get(first.dataset.reads).setAttribute("aria-current", "true");
    }, { rootMargin: "-15% 0px -75% 0px" });
    for (const [id] of links) {
        const region = find(id)?.closest(".entry, section");
        if (!region) continue;
        region.dataset.reads = id;
        observer.observe(region);
    }
}

// On a narrow screen the contents would push everything else down.
find("contents").parentElement.open = !matchMedia("(max-width: 60rem)").matches;
