import Glibc

/// Where the programs are that decode foreign media, and what decoding may cost.
public struct DecoderSettings: Sendable {
    /// The program that answers `confine …` by ``Confinement/run(arguments:)``: normally this one.
    public var selfExecutable: String
    /// Folders to look for `ffmpeg` in, separated by colons.
    public var searchPath: String
    /// What one piece of audio may cost.
    public var limits: AudioLimits

    /// Makes settings; the folders are those of `PATH` unless told otherwise.
    public init(
        selfExecutable: String, searchPath: String? = nil, limits: AudioLimits = AudioLimits()
    ) {
        self.selfExecutable = selfExecutable
        self.searchPath = searchPath ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        self.limits = limits
    }

    /// The path of the program `name`, `nil` where it is not installed.
    func find(_ name: String) -> String? {
        searchPath.split(separator: ":").lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
