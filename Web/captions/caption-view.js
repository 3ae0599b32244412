import { shortClock } from "./formats.js";

/// Shows captions: finals in a log that assistive technology reads out, the partial below it in grey, unread.
export class CaptionView {
    #scroller;
    #empty;
    #finals;
    #partial;
    #latest;

    constructor(find) {
        this.#scroller = find("captions");
        this.#empty = find("empty");
        this.#finals = find("finals");
        this.#partial = find("partial");
        this.#latest = find("latest");
        this.#scroller.addEventListener("scroll", () => { if (this.#atEnd()) this.#latest.hidden = true; });
        this.#latest.addEventListener("click", () => {
            this.#scrollToEnd();
            this.#scroller.focus();
        });
    }

    /// Replaces the unfinished caption: `stable` words rarely change, the `tail` still may.
    showPartial(stable, tail) {
        this.#follow(() => {
            this.#empty.hidden = true;
            this.#partial.hidden = stable === "" && tail === "";
            this.#partial.querySelector(".stable").textContent = stable;
            this.#partial.querySelector(".tail").textContent = tail;
        });
    }

    /// Adds a caption for good.
    addFinal({ start_ms, text }) {
        this.#follow(() => {
            this.showPartial("", "");
            const time = document.createElement("time");
            time.setAttribute("aria-hidden", "true");
            time.textContent = shortClock(start_ms);
            const caption = document.createElement("p");
            caption.className = "final";
            caption.append(time, text);
            this.#finals.append(caption);
        });
    }

    /// Keeps the newest words in view, unless the reader has scrolled back to older ones.
    #follow(change) {
        const following = this.#atEnd();
        change();
        if (following) this.#scrollToEnd();
        else this.#latest.hidden = false;
    }

    #atEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
        return scrollHeight - scrollTop - clientHeight < 48;
    }

    #scrollToEnd() {
        this.#scroller.scrollTop = this.#scroller.scrollHeight;
        this.#latest.hidden = true;
    }
}
