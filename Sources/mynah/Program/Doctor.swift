import ArgumentParser
import Assembly
import Foundation
import MynahConfiguration
import SpeechModel
import WireProtocol

/// `mynah doctor`: what is installed, what is missing, how to get it.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what is installed, what is missing and how to get it.",
        discussion: """
            Looks at the configuration, native libraries, models, ffmpeg, microphones, ports, disk, memory and cores. Exits with 0 \
            when the server can run, with 69 when something that it needs is missing.

            EXAMPLES
              mynah doctor
              mynah doctor --config /etc/mynah --json | jq '.checks[] | select(.state != "ok")'
            """)

    @OptionGroup var options: ConfigurationOptions
    @ArgumentParser.Flag(help: "As JSON.") var json = false

    func run() async throws {
        let (settings, configured) = settings()
        let listen = [settings.server.listen] + [settings.server.metricsListen].compactMap(\.self)
        let checks = [configured] + (await doctorChecks(settings, models: ModelFiles.locate(settings), listen: listen))
        Terminal.output.write(json ? Self.json(checks) : Self.table(checks))
        if checks.contains(where: { $0.state == .missing }) { throw ExitCode(ExitStatus.unavailable.rawValue) }
    }

    /// The settings, or the defaults when the configuration has faults: the rest can still be looked at.
    private func settings() -> (Settings, DoctorCheck) {
        do {
            let configuration = try options.load()
            let files = configuration.files.isEmpty ? "the defaults" : configuration.files.joined(separator: ", ")
            return (configuration.settings, DoctorCheck("configuration", .ok, files))
        } catch {
            let faults = ((error as? SpeechError)?.underlying as? ConfigurationFaults)?.faults.map(\.description) ?? ["\(error)"]
            return (
                Settings(environment: ProcessInfo.processInfo.environment),
                DoctorCheck(
                    "configuration", .missing, faults.joined(separator: " "),
                    remedy: "Correct it; `mynah config check` shows each fault. The defaults are looked at here.")
            )
        }
    }

    private static func table(_ checks: [DoctorCheck]) -> String {
        let terminal = Terminal.output
        let width = (checks.map(\.name.count).max() ?? 0) + 2
        let lines = checks.map { check in
            let (mark, word, style): (String, String, Terminal.Style) =
                switch check.state {
                case .ok: ("✓", "ok     ", .green)
                case .limited: ("!", "limited", .yellow)
                case .missing: ("✗", "missing", .red)
                }
            let name = check.name + String(repeating: " ", count: width - check.name.count)
            let state = terminal.isTerminal ? mark : word
            let indent = String(repeating: " ", count: state.count + 1 + width)
            let remedy = check.remedy.isEmpty ? "" : indent + terminal.styled("→ " + check.remedy, .bold) + "\n"
            return "\(terminal.styled(state, style)) \(name)\(check.detail.printable)\n" + remedy
        }
        let missing = checks.count { $0.state == .missing }
        return lines.joined()
            + (missing == 0 ? "The server can run here.\n" : "The server cannot run here: \(missing) missing.\n")
    }

    private static func json(_ checks: [DoctorCheck]) -> String {
        var json = JSONText(capacity: 4096)
        json.object {
            $0.field("can_run", !checks.contains { $0.state == .missing })
            $0.array("checks", checks) { json, check in
                json.object {
                    $0.field("name", check.name)
                    $0.field("state", check.state.rawValue)
                    $0.field("detail", check.detail)
                    $0.field("remedy", check.remedy.isEmpty ? nil : check.remedy)
                }
            }
        }
        return json.text + "\n"
    }
}
