public import SpeechModel

/// The models that were added, and which of them serves what.
public struct Manifest: Codable, Sendable, Hashable {
    /// Stands for every language that has no default of its own.
    public static let anyLanguage = "any"

    /// By their names.
    public internal(set) var models: [String: Model] = [:]
    /// For each task and language the name of the model that serves it.
    public internal(set) var defaults: [ModelTask: [String: String]] = [:]

    /// One model.
    public struct Model: Codable, Sendable, Hashable {
        /// What it is.
        public var description: ModelDescription
        /// Where it was added from.
        public var source: String
        /// When, in milliseconds since 1970 UTC.
        public var addedUnixMS: UInt64
        /// SHA-256 of each file, in hexadecimal digits.
        public var checksums: [String: String]
        /// What came of trying it.
        public var trial: Trial
    }

    /// The model of a name.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` with the names that there are.
    public func model(_ name: String) throws(SpeechError) -> Model {
        guard let model = models[name] else {
            let names = models.keys.sorted().joined(separator: ", ")
            throw SpeechError(
                .invalidParameter, "There is no model named \(name).",
                advice: names.isEmpty ? "None was added; `mynah models add` does." : "There are: \(names).")
        }
        return model
    }

    /// The name of the model that serves a language.
    public func defaultModel(for task: ModelTask, language: String) -> String? {
        if let name = defaults[task]?[language] { return name }
        guard let name = defaults[task]?[Self.anyLanguage] else { return nil }
        let known = models[name]?.description.tellableLanguages
        return known?.contains(language) == false ? nil : name
    }
}

extension ModelTask: CodingKeyRepresentable {}

/// What came of trying a model: it was loaded, and heard something.
public struct Trial: Codable, Sendable, Hashable {
    /// How long it took to load.
    public var loadMS: Int
    /// How many seconds of sound it handles in one second, on this machine when nothing else runs: a recogniser so many people at once.
    /// 0 where that means nothing.
    public var timesRealTime: Int

    /// Notes a trial.
    public init(loadMS: Int, timesRealTime: Int) {
        self.loadMS = loadMS
        self.timesRealTime = timesRealTime
    }
}
