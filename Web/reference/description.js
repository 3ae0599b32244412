const methods = ["get", "post", "put", "patch", "delete", "head", "options"];

/// An OpenAPI 3.1 document as the views need it.
export class Description {
    constructor(document) { this.document = document; }

    /// What a `$ref` points to; its siblings win over it, as JSON Schema has it.
    resolve(value) {
        if (!value?.$ref) return value;
        const { $ref, ...own } = value;
        const found = $ref.slice(2).split("/").reduce(
            (at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], this.document);
        return { schemaName: $ref.split("/").at(-1), ...this.resolve(found), ...own };
    }

    /// `{ tag, operations }` in the order of the tags; operations that have none come last.
    get groups() {
        const all = Object.entries(this.document.paths).flatMap(([path, item]) => methods.filter((method) => item[method]).map(
            (method) => this.#operation(path, method, item)));
        const tags = this.document.tags ?? [];
        const known = new Set(tags.map(({ name }) => name));
        return [...tags, { name: "Other" }]
            .map((tag) => ({ tag, operations: all.filter(({ tags: [first] }) =>
                first === tag.name || (tag.name === "Other" && !known.has(first))) }))
            .filter(({ operations }) => operations.length > 0);
    }

    #operation(path, method, item) {
        const operation = item[method];
        return {
            ...operation, path, method, tags: operation.tags ?? [],
            id: operation.operationId ?? `${method}${path}`,
            parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => this.resolve(one)),
            body: this.resolve(operation.requestBody),
            responses: Object.entries(operation.responses ?? {}).map(([status, one]) => ({ status, ...this.resolve(one) })),
            security: operation.security ?? this.document.security ?? [],
            messages: item["x-messages"] ?? null,
            closeCodes: item["x-close-codes"] ?? [],
            samples: operation["x-codeSamples"] ?? [],
        };
    }

    /// Whether a token may be wanted.
    mayNeedToken({ security }) { return security.some((one) => Object.keys(one).length > 0); }

    /// A short name of a schema's type: `integer`, `list of Word`, `"start"`.
    typeOf(schema) {
        const one = this.resolve(schema) ?? {};
        if ("const" in one) return JSON.stringify(one.const);
        if (one.type === "array") return `list of ${this.typeOf(one.items)}`;
        const union = one.oneOf ?? one.anyOf;
        if (union) return union.map((each) => this.typeOf(each)).join(" or ");
        const type = Array.isArray(one.type) ? one.type.join(" or ") : one.type;
        if (type === "object" && one.schemaName) return one.schemaName;
        if (type === "string" && one.format === "binary") return "bytes";
        return type ?? "any";
    }

    /// What else bounds a value, in words.
    limitsOf(schema) {
        const one = this.resolve(schema) ?? {};
        const limits = [];
        if (one.minimum !== undefined && one.maximum !== undefined) limits.push(`${one.minimum} to ${one.maximum}`);
        else if (one.minimum) limits.push(`at least ${one.minimum}`);
        else if (one.maximum !== undefined) limits.push(`at most ${one.maximum}`);
        if (one.enum && one.enum.length <= 8) limits.push(`one of ${one.enum.map((value) => `\`${value}\``).join(", ")}`);
        if (one.contentEncoding) limits.push(one.contentEncoding);
        if (one.default !== undefined) limits.push(`\`${one.default}\` unless given`);
        return limits.join("; ");
    }

    /// The fields of an object, or of the objects in a list; empty for anything else. `inside` has the fields of each in turn.
    fieldsOf(schema) {
        const one = this.resolve(schema) ?? {};
        if (one.type === "array") return this.fieldsOf(one.items);
        return Object.entries(one.properties ?? {}).map(([name, value]) => ({
            name, schema: value, required: (one.required ?? []).includes(name), description: this.resolve(value)?.description,
        }));
    }
}
