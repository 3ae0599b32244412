import ArgumentParser
import Assembly
import Foundation
import MynahConfiguration
import SpeechModel

/// Where the configuration comes from, for every command that needs one.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration directory. Without it MYNAH_CONFIG, else ./config if it holds default.yaml.",
            valueName: "directory"),
        completion: .directory)
    var directory: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("One setting, above files and environment; may be repeated.", valueName: "key=value"))
    var assignments: [String] = []

    @Option(help: ArgumentHelp("The address to listen on, the same as --set server.listen=….", valueName: "address:port"))
    var listen: String?

    /// Reads and checks every source.
    ///
    /// - Throws: `SpeechError` with `invalid-configuration`, whose underlying error lists every fault.
    func load() throws -> Configuration {
        var flags = assignments.map(MynahConfiguration.Flag.set)
        if let listen { flags.append(MynahConfiguration.Flag("--listen", key: "server.listen", value: listen)) }
        return try Configuration.load(directory: directory, environment: ProcessInfo.processInfo.environment, flags: flags)
    }
}

/// `mynah config`: what the program is told to do, and where it was told.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check, show and describe the configuration.",
        discussion: """
            Sources, each laid over the one before: the defaults, default.yaml, the profile that RTAP_ENVIRONMENT names, environment \
            variables, flags.

            EXAMPLES
              mynah config check --config /etc/mynah
              mynah config show --set endpointing.silence_ms=300
              mynah config schema > mynah.schema.json
            """,
        subcommands: [Check.self, Show.self, Schema.self, Reference.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell every fault of every source at once.",
            discussion: """
                Exits with 0 when the server would start with it, with 78 when there is a fault, and with 66 when a file that it names cannot be \
                read. Ports, devices and what models hold are left to the start, and to `mynah doctor`. Each has its own line on the standard \
                error, with the place where it was written.

                EXAMPLE
                  RTAP_ENVIRONMENT=pc2 mynah config check --config /etc/mynah
                """)
        @OptionGroup var options: ConfigurationOptions

        func run() throws {
            let configuration = try options.load()
            try Server.check(configuration.settings)
            let files = configuration.files.isEmpty ? "no files" : configuration.files.joined(separator: ", ")
            Terminal.output.write("The configuration is valid (\(files); hash \(configuration.hash)).\n")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every value and where it comes from.",
            discussion: """
                Secrets are shown as the file that they are read from.

                EXAMPLES
                  mynah config show
                  mynah config show --json | jq '.settings["server.listen"]'
                """)
        @OptionGroup var options: ConfigurationOptions
        @ArgumentParser.Flag(help: "As JSON.") var json = false

        func run() throws {
            let configuration = try options.load()
            Terminal.output.write(json ? configuration.json.endingLine : configuration.table)
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a JSON Schema of the configuration file, for editors.",
            discussion: """
                EXAMPLE
                  mynah config schema > mynah.schema.json
                """)

        func run() { Terminal.output.write(configurationSchema().endingLine) }
    }

    struct Reference: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the reference of all settings in Markdown.",
            discussion: """
                EXAMPLE
                  mynah config reference > docs/configuration.md
                """)

        func run() { Terminal.output.write(configurationReference().endingLine) }
    }
}

extension String {
    /// The text with one line break at its end.
    fileprivate var endingLine: String { hasSuffix("\n") ? self : self + "\n" }
}
