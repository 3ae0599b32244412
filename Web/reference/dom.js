/// Makes an element. `attributes` may be left out; those that are false or null are; functions are listeners.
/// Children are elements, texts, lists of them, or nothing.
export function h(name, attributes, ...children) {
    const element = document.createElement(name);
    if (attributes === null || typeof attributes !== "object" || attributes instanceof Node || Array.isArray(attributes)) {
        children.unshift(attributes);
    } else {
        for (const [key, value] of Object.entries(attributes)) {
            if (typeof value === "function") element.addEventListener(key, value);
            else if (!isNothing(value)) element.setAttribute(key, value === true ? "" : value);
        }
    }
    element.append(...children.flat(Infinity).filter((child) => !isNothing(child)));
    return element;
}

function isNothing(value) { return value === null || value === undefined || value === false; }
