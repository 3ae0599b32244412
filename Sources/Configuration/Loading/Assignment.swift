/// A setting and the value that one source gives it.
struct Assignment: Sendable {
    let setting: Setting
    let raw: RawValue
    let origin: Origin
}

/// What one source says, and what is wrong with it.
struct Layer: Sendable {
    var assignments: [Assignment] = []
    var faults: [Fault] = []

    mutating func add(_ key: String, _ raw: RawValue, _ origin: Origin) {
        if let setting = Setting.byKey[key] {
            assignments.append(Assignment(setting: setting, raw: raw, origin: origin))
        } else {
            faults.append(unknownKey(key, origin))
        }
    }
}

/// The fault of a key that does not exist, with the nearest one that does. The value is not repeated: it may be a secret.
func unknownKey(_ key: String, _ origin: Origin) -> Fault {
    let name = key.drop { $0 != "." }.dropFirst()
    let suggestion =
        nearest(to: key, among: Setting.all.map(\.key)) ?? Setting.all.first { $0.name == name }?.key
        ?? nearest(to: key, among: Setting.sections)
    let advice = suggestion.map { "did you mean `\($0)`?" } ?? "remove it; `mynah config schema` lists every key."
    return Fault(origin: origin, key: key, message: "`\(key)` is not a setting; \(advice)")
}
