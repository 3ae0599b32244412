/// One row of the table of settings: a place in ``Settings`` with its name, range and meaning.
///
/// The table ``all`` is the only source of validation, `config schema`, `config show` and the reference page.
public struct Setting: Sendable {
    /// `section.name` or `section.group.name`, as after `--set`; in the YAML files each part stands below the one before it.
    public let key: String
    /// What it means, in one sentence of Markdown.
    public let summary: String
    /// What a value must be: “a whole number from 10 to 100 ms”.
    public let requirement: String
    /// How the default is described where it depends on the environment.
    public let defaultNote: String?
    /// Whether a running server takes a new value at SIGHUP; else it is for the next start.
    public let isReloadable: Bool
    /// The environment variables that set it: the generic one first.
    public let environmentNames: [String]
    /// Whether its values are secrets, which no message repeats.
    let isSecret: Bool

    let schema: [String: JSON]
    let read: @Sendable (Settings) -> JSON
    let apply: @Sendable (RawValue, inout Settings) throws(Rejection) -> Void
    /// Takes the value over from other settings.
    let copy: @Sendable (Settings, inout Settings) -> Void

    init<Value>(
        _ key: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ codec: Codec<Value>, environment: String? = nil,
        defaultNote: String? = nil, isReloadable: Bool = false, _ summary: String
    ) {
        self.key = key
        self.summary = summary
        self.requirement = codec.requirement
        self.defaultNote = defaultNote
        self.environmentNames = ["MYNAH_" + key.uppercased().replacing(".", with: "_")] + (environment.map { [$0] } ?? [])
        self.isReloadable = isReloadable
        self.isSecret = codec.isSecret
        self.schema = codec.schema
        self.read = { codec.show($0[keyPath: path]) }
        self.copy = { $1[keyPath: path] = $0[keyPath: path] }
        self.apply = { raw, settings throws(Rejection) in settings[keyPath: path] = try codec.parse(raw) }
    }

    /// The part of the key before the dot.
    var section: String { String(key.prefix { $0 != "." }) }
    /// The part of the key after the first dot.
    var name: String { String(key.drop { $0 != "." }.dropFirst()) }

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
    /// In the order of the table.
    static let sections = all.map(\.section).reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
}
