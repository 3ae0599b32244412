/// What the command line `confine [--memory-mb N] [--cpu-seconds N] -- PROGRAM [ARGUMENT …]` asked for.
struct ConfinementRequest: Hashable {
    /// Address space in MiB.
    var memoryMB = 1024
    /// Processor time.
    var cpuSeconds = 3600
    /// The program's path and its arguments.
    var command: [String] = []

    /// Parses what stands behind `confine`; `nil` when it is not as documented. Numbers are 1–1000000.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst(), option != "--" {
            guard let value = rest.popFirst().flatMap({ Int($0) }), (1...1_000_000).contains(value) else { return nil }
            switch option {
            case "--memory-mb": memoryMB = value
            case "--cpu-seconds": cpuSeconds = value
            default: return nil
            }
        }
        guard !rest.isEmpty else { return nil }
        command = Array(rest)
    }
}
