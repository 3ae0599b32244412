import Foundation

/// How a value of one type is written in a configuration: reading, showing, and the words and schema that describe what is allowed.
struct Codec<Value: Sendable>: Sendable {
    /// Completes “it must be …”.
    let requirement: String
    /// The JSON Schema of the value, without title, default and description.
    let schema: [String: JSON]
    /// Reads a value.
    let parse: @Sendable (RawValue) throws(Rejection) -> Value
    /// Shows a value; secrets are never part of it.
    let show: @Sendable (Value) -> JSON
    /// Whether the value itself is a secret, which faults do not repeat.
    var isSecret = false
}

/// A value as a source gave it, before it has a type.
enum RawValue: Hashable, Sendable {
    /// `~`, `null` or nothing at all.
    case unset
    /// A YAML scalar, an environment variable's or a flag's value.
    case text(String)
    /// A YAML sequence of scalars.
    case list([String])

    /// As it is quoted in a fault, shortened.
    var quoted: String {
        switch self {
        case .unset: "not set"
        case .text(let text): "`\(text.count > 100 ? text.prefix(100) + "…" : text)`"
        case .list(let texts): "a list of \(texts.count)"
        }
    }
}

/// Why a value cannot be taken.
struct Rejection: Error {
    /// Completes “`key` is `value`; …”, and says what to do.
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension Codec {
    /// A value of one scalar; `parse` returns nil for a text that does not meet the requirement.
    init(
        _ requirement: String, schema: [String: JSON], parse: @escaping @Sendable (String) -> Value?,
        show: @escaping @Sendable (Value) -> JSON
    ) {
        self.init(
            requirement: requirement, schema: schema,
            parse: { raw throws(Rejection) in
                guard case .text(let text) = raw, let value = parse(text) else { throw Rejection("it must be \(requirement).") }
                return value
            }, show: show)
    }

    /// What `codec` reads, or nothing.
    static func optional<Wrapped>(_ codec: Codec<Wrapped>) -> Codec where Value == Wrapped? {
        Codec(
            requirement: codec.requirement + ", or empty",
            schema: ["anyOf": .array([.object(codec.schema), .object(["type": "null"])])],
            parse: { raw throws(Rejection) in raw == .unset ? nil : try codec.parse(raw) },
            show: { $0.map(codec.show) ?? .null }, isSecret: codec.isSecret)
    }

    /// Any number of what `codec` reads, or up to `maximum`: a YAML sequence, or one text with commas between.
    static func list<Element>(_ codec: Codec<Element>, atMost maximum: Int? = nil) -> Codec where Value == [Element] {
        Codec(
            requirement: "a list\(maximum.map { " of at most \($0)" } ?? ""), each item \(codec.requirement)",
            schema: ["type": ["array", "null"], "items": .object(codec.schema)].merging(
                maximum.map { ["maxItems": .integer($0)] } ?? [:]
            ) { $1 },
            parse: { raw throws(Rejection) in
                let texts: [String]
                switch raw {
                case .unset: texts = []
                case .text(let text): texts = text.split(separator: ",").map(trimmed)
                case .list(let items): texts = items
                }
                if let maximum, texts.count > maximum {
                    throw Rejection("it must be a list of at most \(maximum), not \(texts.count).")
                }
                var values: [Element] = []
                for text in texts { values.append(try codec.parse(.text(text))) }
                return values
            }, show: { .array($0.map(codec.show)) })
    }
}

extension Codec<Int> {
    static func integer(_ range: ClosedRange<Int>, unit: String? = nil) -> Codec {
        Codec(
            "a whole number from \(range.lowerBound) to \(range.upperBound)" + (unit.map { " \($0)" } ?? ""),
            schema: ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
            parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, show: JSON.integer)
    }
}

extension Codec<Int> {
    /// A number of this range, or 0, which turns something off.
    static func integerOrZero(_ range: ClosedRange<Int>, unit: String) -> Codec {
        Codec(
            "a whole number from \(range.lowerBound) to \(range.upperBound) \(unit), or 0",
            schema: [
                "anyOf": [
                    ["const": 0],
                    ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
                ]
            ],
            parse: { Int($0).flatMap { $0 == 0 || range.contains($0) ? $0 : nil } }, show: JSON.integer)
    }

    /// A port that needs no privilege; 0 takes any free one.
    static var port: Codec {
        Codec(
            "a port from 1024 to 65535, or 0 for any free one",
            schema: ["anyOf": [["const": 0], ["type": "integer", "minimum": 1024, "maximum": 65_535]]],
            parse: { Int($0).flatMap { $0 == 0 || (1024...65_535).contains($0) ? $0 : nil } }, show: JSON.integer)
    }
}

extension Codec<Double> {
    static func number(_ range: ClosedRange<Double>) -> Codec {
        Codec(
            "a number from \(range.lowerBound) to \(range.upperBound)",
            schema: ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)],
            parse: { Double($0).flatMap { range.contains($0) ? $0 : nil } }, show: JSON.number)
    }
}

extension Codec<Bool> {
    static var boolean: Codec {
        Codec("`true` or `false`", schema: ["type": "boolean"], parse: { Bool($0.lowercased()) }, show: JSON.boolean)
    }
}

extension Codec where Value: CaseIterable & RawRepresentable<String> {
    /// One of an enumeration's names, in any case.
    static var choice: Codec {
        let names = Value.allCases.map(\.rawValue)
        let quoted = names.map { "`\($0)`" }
        return Codec(
            quoted.count == 1 ? quoted[0] : quoted.dropLast().joined(separator: ", ") + " or " + quoted[quoted.count - 1],
            schema: ["enum": .array(names.map(JSON.string))], parse: { Value(rawValue: $0.lowercased()) },
            show: { .string($0.rawValue) })
    }
}

extension Codec {
    /// Some of an enumeration's names in an order that matters, each at most once. `none` is the empty list where nothing else can say
    /// that: an environment variable that is empty counts as not set.
    static func ranking<Element>() -> Codec
    where Value == [Element], Element: CaseIterable & RawRepresentable<String> & Hashable & Sendable {
        let list = Codec<[Element]>.list(.choice)
        let names = Element.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        let requirement = "a list of some of \(names), each at most once, or `none`"
        return Codec(
            requirement: requirement,
            schema: ["anyOf": [["const": "none"], .object(list.schema.merging(["uniqueItems": true]) { $1 })]],
            parse: { raw throws(Rejection) in
                if case .text(let text) = raw, text.lowercased() == "none" { return [] }
                guard let values = try? list.parse(raw), Set(values).count == values.count else {
                    throw Rejection("it must be \(requirement).")
                }
                return values
            }, show: { $0.isEmpty ? "none" : list.show($0) })
    }
}

extension Codec<String> {
    /// Where an interface over HTTP begins.
    static var url: Codec {
        Codec(
            "an address that begins with `http://` or `https://` and has no user, query or fragment, such as `https://example.org/v1`",
            schema: ["type": "string", "pattern": "^https?://[^/?#@\\s]+(/[^?#\\s]*)?$"],
            parse: { text in
                guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false,
                    url.user == nil, url.password == nil, url.query == nil, url.fragment == nil
                else { return nil }
                return text
            }, show: JSON.string)
    }

    /// Any text of 1–256 characters without control characters.
    static var text: Codec {
        Codec(
            "a text of 1 to 256 characters", schema: ["type": "string", "minLength": 1, "maxLength": 256],
            parse: { text in
                let isPrintable = !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
                return (1...256).contains(text.count) && isPrintable ? text : nil
            }, show: JSON.string)
    }

    /// Words to be spoken, as they are looked up: in lower case, with one space between.
    static var phrase: Codec {
        Codec(
            "one to eight words of letters and apostrophes, such as `hey computer`",
            schema: ["type": "string", "minLength": 1, "maxLength": 100],
            parse: { text in
                let words = text.lowercased().split(separator: " ")
                let isSpeakable = words.allSatisfy { $0.allSatisfy { $0.isLetter || $0 == "'" || $0 == "-" } }
                return isSpeakable && (1...8).contains(words.count) && text.utf8.count <= 100 ? words.joined(separator: " ") : nil
            }, show: JSON.string)
    }

    /// A path, relative to the working directory or absolute. `~` is the shell's and means nothing here.
    static var path: Codec {
        Codec(
            "a path (write `${HOME}` instead of `~`)", schema: ["type": "string", "minLength": 1],
            parse: { $0.isEmpty || $0.hasPrefix("~") || $0.contains("\0") ? nil : $0 }, show: JSON.string)
    }

    /// A language's ISO 639-1 code.
    static var languageCode: Codec {
        Codec(
            "a language's two letters, such as `en`", schema: ["type": "string", "pattern": "^[a-z]{2}$"],
            parse: { $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } ? $0 : nil }, show: JSON.string)
    }

    /// A model's name, which is a folder's.
    static var modelName: Codec {
        Codec(
            "a name of at most 64 letters, digits, `.`, `-` and `_`, such as `en-us`",
            schema: ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"],
            parse: { isModelName($0) ? $0 : nil }, show: JSON.string)
    }

    /// A model's name, and for one of several speakers its number.
    static var voiceName: Codec {
        Codec(
            "a voice such as `slt`, `vctk/12` or `pocket/anna`",
            schema: ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[^/]{1,64})?$"],
            parse: { text in
                let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
                guard isModelName(String(parts[0])) else { return nil }
                return parts.count == 1 || (1...64).contains(parts[1].count) && !parts[1].contains("/") ? text : nil
            }, show: JSON.string)
    }

    /// A name that a `Host` header may carry, with a port or, for every port, without.
    static var hostName: Codec {
        Codec(
            "a host name such as `example.org` or `example.org:8443`, without scheme or path",
            schema: ["type": "string", "minLength": 1, "maxLength": 259],
            parse: { isHostName($0) || ListenAddress($0) != nil ? $0 : nil }, show: JSON.string)
    }
}

extension Codec<ListenAddress> {
    static var address: Codec {
        Codec(
            "an address and a port, such as `127.0.0.1:8080`, `[::1]:8080` or `0.0.0.0:8080`",
            schema: ["type": "string", "pattern": "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"],
            parse: { ListenAddress($0) }, show: { .string($0.description) })
    }
}

extension Codec<SecretFile> {
    static var secretFile: Codec {
        Codec(
            requirement: "the path of a file with the secret in it", schema: ["type": "string", "minLength": 1],
            parse: { raw throws(Rejection) in
                try SecretFile(
                    reading: try Codec<String>.path.parse(raw), minimumLength: SecretFile.minimumLength,
                    make: { "`openssl rand -hex 32 > \($0)`" })
            },
            show: { .string($0.path) })
    }

    /// A file with a secret that somebody else gave, of any length.
    static var keyFile: Codec {
        Codec(
            requirement: "the path of a file with the key in it", schema: ["type": "string", "minLength": 1],
            parse: { raw throws(Rejection) in
                try SecretFile(
                    reading: try Codec<String>.path.parse(raw), minimumLength: 1,
                    make: { "write the provider's key to \($0)" })
            },
            show: { .string($0.path) })
    }
}

extension Codec<Secret> {
    static var secret: Codec {
        Codec(
            requirement: "one word of ASCII characters", schema: ["type": "string", "minLength": 1],
            parse: { raw throws(Rejection) in
                guard case .text(let text) = raw, let secret = Secret(text) else {
                    throw Rejection("it must be one word of ASCII characters.")
                }
                return secret
            }, show: { _ in "‹redacted›" }, isSecret: true)
    }
}

private func trimmed(_ text: Substring) -> String {
    text.trimmingCharacters(in: .whitespaces)
}

private func isModelName(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) }
    return (1...64).contains(text.utf8.count) && text.utf8.first.map(isAlphanumeric) == true
        && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
}
