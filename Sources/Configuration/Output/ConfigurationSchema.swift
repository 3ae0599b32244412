/// The JSON Schema (2020-12) of a configuration file, for editors and linters.
public func configurationSchema() -> String {
    let sections = Setting.sections.map { section -> (String, JSON) in
        let settings = Setting.all.filter { $0.section == section }
        let properties = settings.map { ($0.name, $0.property) }
        return (
            section,
            [
                "type": ["object", "null"], "additionalProperties": false,
                "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
            ]
        )
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
