/// Light or dark: the system's choice until the reader makes another, which is remembered.

const key = "mynah-theme";
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

/// Storage throws where the browser forbids it; the toggle then lasts as long as the page.
function remembered() {
    try { return localStorage.getItem(key); } catch { return null; }
}

function remember(theme) {
    try { localStorage.setItem(key, theme); } catch { /* forbidden: not remembered */ }
}

function current() {
    return root.dataset.theme ?? (system.matches ? "dark" : "light");
}

const chosen = remembered();
if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

/// Makes `button` switch between the themes and tell assistive technology which one is on.
export function themeToggle(button) {
    const show = () => button.setAttribute("aria-pressed", String(current() === "dark"));
    button.addEventListener("click", () => {
        root.dataset.theme = current() === "dark" ? "light" : "dark";
        remember(root.dataset.theme);
        show();
    });
    system.addEventListener("change", show);
    show();
}
