/// The bearer token that a server may ask for: kept for this tab only, and given in the two ways that a page has.

const key = "mynah-token";
const patienceMs = 5000;

/// Storage throws where the browser forbids it; the token then lasts as long as the page.
let token = stored(() => sessionStorage.getItem(key));

function stored(use) {
    try { return use() ?? null; } catch { return null; }
}

/// Whether there is a token to give.
export function hasToken() { return token !== null; }

/// Keeps the token until the tab is closed.
export function keepToken(text) {
    token = text;
    stored(() => sessionStorage.setItem(key, text));
}

/// Forgets the token.
export function forgetToken() {
    token = null;
    stored(() => sessionStorage.removeItem(key));
}

/// The header fields of a request.
export function headers() { return token === null ? {} : { Authorization: `Bearer ${token}` }; }

/// What a WebSocket offers instead, because a page cannot set its header fields: the protocol, and beside it the token. The
/// server answers with the former. An address would not do: addresses end in logs.
export function subprotocols() { return token === null ? [] : ["mynah.v1", `mynah.token.${base64url(token)}`]; }

/// Whether the server wants another token than it is given. A page is not told why a WebSocket was refused, so the same
/// address is asked by HTTP, where a missing or wrong token is 401.
export async function isRefused(webSocketURL) {
    const url = new URL(webSocketURL);
    url.protocol = url.protocol.replace("ws", "http");
    try {
        const options = { headers: headers(), cache: "no-store", signal: AbortSignal.timeout(patienceMs) };
        return (await fetch(url, options)).status === 401;
    } catch {
        return false; // the network is the trouble
    }
}

/// Tokens are printable ASCII.
function base64url(text) { return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""); }
