/// The JSON Schema (2020-12) of a configuration file, for editors and linters.
public func configurationSchema() -> String {
    let sections = Setting.sections.map { section -> (String, JSON) in
        (section, schema(of: Setting.all.filter { $0.section == section }.map { ($0.name[...], $0.property) }))
    }
    return JSON.object([
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mynah configuration",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": .object(Dictionary(uniqueKeysWithValues: sections)),
        "$defs": [
            "substitution": [
                "type": "string", "pattern": "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:[^}]*)?\\}",
                "description": "An environment variable, with a default after the colon.",
            ]
        ],
    ]).pretty
}

/// An object with these properties; what stands before a dot in a name is an object again.
private func schema(of properties: [(name: Substring, property: JSON)]) -> JSON {
    let groups = Dictionary(grouping: properties) { $0.name.prefix { $0 != "." } }.map { name, members -> (String, JSON) in
        if members.count == 1, members[0].name == name { return (String(name), members[0].property) }
        return (String(name), schema(of: members.map { ($0.name.dropFirst(name.count + 1), $0.property) }))
    }
    return [
        "type": ["object", "null"], "additionalProperties": false,
        "properties": .object(Dictionary(uniqueKeysWithValues: groups)),
    ]
}

extension Setting {
    /// A value as the schema describes it, or a substitution in its place.
    fileprivate var property: JSON {
        var fields: [String: JSON] = [
            "description": .string(summary), "anyOf": [.object(schema), ["$ref": "#/$defs/substitution"]],
        ]
        if defaultNote == nil { fields["default"] = read(Settings(environment: [:])) }
        return .object(fields)
    }
}
