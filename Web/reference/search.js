/// Shows only the entries (sections, table rows and their lines in the contents) that hold every word of the search.
export class Search {
    #field;
    #count;
    #entries; // { element, link, text, open }

    constructor(field, count, entries) {
        this.#field = field;
        this.#count = count;
        this.#entries = entries.map((entry) => ({ ...entry, text: entry.element.textContent.toLowerCase() }));
        field.addEventListener("input", () => this.#show());
        field.addEventListener("keydown", (event) => { if (event.key === "Escape") this.clear(); });
        document.addEventListener("keydown", (event) => {
            if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea")) return;
            event.preventDefault();
            field.select();
            field.focus();
        });
    }

    /// Shows everything again.
    clear() {
        this.#field.value = "";
        this.#show();
    }

    #show() {
        const words = this.#field.value.toLowerCase().split(/\s+/).filter(Boolean);
        let found = 0;
        for (const { element, link, text } of this.#entries) {
            const matches = words.every((word) => text.includes(word));
            element.hidden = !matches;
            if (link) link.hidden = !matches;
            if (matches) found += 1;
        }
        for (const group of document.querySelectorAll("[data-group]")) {
            group.hidden = !group.querySelector("[data-entry]:not([hidden])");
        }
        this.#count.textContent = words.length === 0 ? "" : found === 1 ? "1 match" : `${found || "No"} matches`;
        document.body.toggleAttribute("data-searching", words.length > 0);
    }
}
