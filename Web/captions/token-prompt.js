import { forgetToken, hasToken, keepToken } from "./access.js";

/// Asks the reader for the server's token, and keeps it. A token that is there already was not accepted and is forgotten.
/// `meanwhile` says what goes on behind the question. Resolves to whether a token was given.
export function askForToken(meanwhile = "") {
    const dialog = document.createElement("dialog");
    dialog.id = "token-prompt";
    dialog.setAttribute("aria-labelledby", "token-title");
    dialog.setAttribute("aria-describedby", "token-why");
    dialog.innerHTML = `
        <form method="dialog">
            <h2 id="token-title">Access token</h2>
            <p class="wrong" role="alert" hidden>That token was not accepted.</p>
            <p id="token-why">This server answers only those who know its token. Whoever runs it finds the token in the file that
                the setting <code>server.token_file</code> names. <span></span></p>
            <label for="token">Token</label>
            <input id="token" type="password" required autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-describedby="token-hint">
            <p id="token-hint" class="hint">Kept in this tab until you close it, and nowhere else.</p>
            <div class="answers">
                <button type="submit" value="given">Continue</button>
                <button type="button">Cancel</button>
            </div>
        </form>`;
    dialog.querySelector("span").textContent = meanwhile;
    dialog.querySelector(".wrong").hidden = !hasToken();
    forgetToken();
    const input = dialog.querySelector("input");
    // A pasted line brings its end along; anything else that no token can hold is told at once.
    input.addEventListener("input", () => input.setCustomValidity(
        input.value === "" || /^[!-~]+$/.test(input.value.trim())
            ? "" : "A token has no spaces, and no characters outside ASCII."));
    dialog.querySelector("[type=button]").addEventListener("click", () => dialog.close());

    document.body.append(dialog);
    dialog.showModal();
    input.focus();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            const given = dialog.returnValue === "given";
            if (given) keepToken(input.value.trim());
            dialog.remove();
            resolve(given);
        });
    });
}
