extension Layer {
    /// What the command line says.
    static func flags(_ flags: [Flag]) -> Layer {
        var layer = Layer()
        for flag in flags {
            let origin = Origin.flag(name: flag.name)
            if let value = flag.value {
                layer.add(flag.key, value.isEmpty ? .unset : .text(value), origin)
            } else {
                let message = "`\(flag.key)` has no value; write `\(flag.name) \(flag.key)=VALUE`."
                layer.faults.append(Fault(origin: origin, key: flag.key, message: message))
            }
        }
        return layer
    }
}
