public import SpeechModel

/// The effective configuration with the origin of each value.
///
/// Sources, each laid over the one before: the defaults, `default.yaml`, the profile that `RTAP_ENVIRONMENT` names, environment
/// variables, flags.
public struct Configuration: Sendable {
    /// The values.
    public let settings: Settings
    /// The files that were read, in order.
    public let files: [String]
    let origins: [String: Origin]

    /// Where a setting's value comes from; `key` is one of ``Setting/all``.
    public func origin(of key: String) -> Origin { origins[key] ?? .default }

    /// Reads, lays over one another and checks every source.
    ///
    /// - Parameters:
    ///   - directory: The directory of `--config`; without it `MYNAH_CONFIG`, else `config` in the working directory if it holds
    ///     `default.yaml`, else no files are read.
    ///   - environment: The process's environment.
    ///   - flags: In the order of the command line; the last one of a key wins.
    /// - Throws: `SpeechError` with `invalid-configuration`, whose message lists every fault of every source, and whose underlying
    ///   error is ``ConfigurationFaults``.
    public static func load(
        directory: String? = nil, environment: [String: String], flags: [Flag] = []
    ) throws(SpeechError) -> Configuration {
        var files: [String] = []
        var layers: [Layer] = []
        do {
            files = try Profiles.locate(flag: directory, environment: environment).files(environment: environment)
        } catch {
            layers.append(Layer(faults: [error]))
        }
        layers += files.map { YAMLFile(path: $0, environment: environment).load() }
        layers.append(.environment(environment))
        layers.append(.flags(flags))

        var settings = Settings(environment: environment)
        var origins: [String: Origin] = [:]
        var faults: [Fault] = []
        for layer in layers {
            var faultsHere = layer.faults
            for assignment in layer.assignments {
                do {
                    try assignment.setting.apply(assignment.raw, &settings)
                    origins[assignment.setting.key] = assignment.origin
                } catch {
                    faultsHere.append(assignment.fault(error))
                }
            }
            faults += faultsHere.sorted { $0.origin.line < $1.origin.line }
        }
        faults += contradictions(in: settings, origins: origins, faulty: Set(faults.compactMap(\.key)))
        guard faults.isEmpty else { throw error(for: faults) }
        return Configuration(settings: settings, files: files, origins: origins)
    }

    /// A rule is left out when one of its settings has a fault of its own: what it would say rests on a value that was not meant.
    private static func contradictions(in settings: Settings, origins: [String: Origin], faulty: Set<String>) -> [Fault] {
        Rule.all.filter { faulty.isDisjoint(with: $0.keys) && !$0.holds(settings) }.map { rule in
            let values = rule.keys.compactMap { Setting.byKey[$0] }.map { setting in
                let value = setting.read(settings).plain
                return "`\(setting.key)` is \(value.isEmpty ? "not set" : "`\(value)`") (\(origins[setting.key] ?? .default))"
            }
            // The fault is shown where somebody wrote one of the values; a default is not the mistake.
            let origin = rule.keys.compactMap { origins[$0] }.first ?? .default
            let message = "\(rule.sentence) Here \(values.joined(separator: " and ")). \(rule.advice)"
            return Fault(origin: origin, key: rule.keys[0], message: message)
        }
    }

    private static func error(for faults: [Fault]) -> SpeechError {
        let list = faults.map { "\n  \($0)" }.joined()
        return SpeechError(
            .invalidConfiguration, "The configuration has \(faults.count == 1 ? "a fault" : "\(faults.count) faults"):\(list)\n",
            advice: "Correct it and try `mynah config check`.",
            underlying: ConfigurationFaults(faults: faults))
    }
}

extension Assignment {
    fileprivate func fault(_ rejection: Rejection) -> Fault {
        Fault(
            origin: origin, key: setting.key,
            message: "`\(setting.key)` is \(setting.isSecret ? "a secret" : raw.quoted); \(rejection.reason)")
    }
}
