import Foundation

/// The configuration files of a directory: `default.yaml`, and the profiles that may be laid over it.
struct Profiles {
    /// The directory, or nil when the program runs without files.
    let directory: String?

    /// The directory that `--config` or `MYNAH_CONFIG` names, else `config` in the working directory if it holds `default.yaml`.
    static func locate(flag: String?, environment: [String: String]) -> Profiles {
        if let named = flag ?? environment["MYNAH_CONFIG"], !named.isEmpty { return Profiles(directory: named) }
        return Profiles(directory: FileManager.default.fileExists(atPath: "config/default.yaml") ? "config" : nil)
    }

    /// The files to read, in order, for the profile that `RTAP_ENVIRONMENT` names.
    func files(environment: [String: String]) throws(Fault) -> [String] {
        let variable = "RTAP_ENVIRONMENT"
        let profile = environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        guard let directory else {
            if profile == "default" { return [] }
            throw Fault(
                origin: .environment(name: variable), key: nil,
                message:
                    "there is no configuration directory for the profile `\(profile)`; name one with --config or MYNAH_CONFIG.")
        }
        let base = "\(directory)/default.yaml"
        if profile == "default" { return [base] }
        let existing = names(in: directory)
        guard existing.contains(profile) else {
            let list = existing.map { "`\($0)`" }.joined(separator: ", ")
            throw Fault(
                origin: .environment(name: variable), key: nil,
                message: "there is no profile `\(profile)` in \(directory); there is \(list.isEmpty ? "none" : list).")
        }
        return [base, "\(directory)/\(profile).yaml"]
    }

    private func names(in directory: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }.sorted()
    }
}
