extension Layer {
    /// What environment variables say. An empty variable counts as not set, as container tools pass unset ones on.
    static func environment(_ environment: [String: String]) -> Layer {
        var layer = Layer()
        for setting in Setting.all {
            let given = setting.environmentNames.filter { !(environment[$0] ?? "").isEmpty }
            guard let name = given.first, let value = environment[name] else { continue }
            layer.add(setting.key, .text(value), .environment(name: name))
            for other in given.dropFirst() where environment[other] != value {
                let message = "`\(setting.key)`: \(name) and \(other) are both set and differ; unset one."
                layer.faults.append(Fault(origin: .environment(name: other), key: setting.key, message: message))
            }
        }
        let known = Setting.all.flatMap(\.environmentNames)
        for name in environment.keys.sorted() where isMisspelt(name, known: known) {
            let advice =
                nearest(to: name, among: known).map { "did you mean \($0)?" }
                ?? "unset it; `mynah config schema` lists every key."
            layer.faults.append(Fault(origin: .environment(name: name), key: nil, message: "\(name) is not a setting; \(advice)"))
        }
        return layer
    }

    /// Whether a variable looks like a setting and is none. Kubernetes gives every container variables like
    /// `MYNAH_SERVER_SERVICE_HOST` and `MYNAH_SERVER_PORT_8080_TCP` for a service of that name: they are nobody's mistake.
    private static func isMisspelt(_ name: String, known: [String]) -> Bool {
        guard !known.contains(name), !name.contains("_SERVICE_"), !name.contains("_PORT") else { return false }
        return Setting.sections.contains { name.hasPrefix("MYNAH_\($0.uppercased())_") }
            || (name.hasPrefix("MYNAH_") && nearest(to: name, among: known) != nil)
    }
}
