import AudioFiles

/// Answers `confine …` as the program does, for the tests of the decoder.
@main
enum ConfinementHelper {
    static func main() {
        Confinement.run(arguments: Array(CommandLine.arguments.dropFirst(2)))
    }
}
