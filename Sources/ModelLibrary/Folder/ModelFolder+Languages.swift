import Foundation

extension ModelFolder {
    /// The languages that models are published for most often, as the publishers' folder names have them.
    private static let knownLanguages: Set<String> = [
        "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it",
        "ja",
        "ka", "kk", "ko", "lt", "lv", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "sw", "ta", "te", "th", "tr",
        "uk",
        "vi", "yue", "zh",
    ]

    /// Those that it is made for, ISO 639-1, as its files, its folder's name or its publisher say.
    func languages(of family: ModelFamily, _ metadata: [String: String]) -> [String] {
        guard family.task.isOfALanguage else { return [] }
        let told = Self.languages(metadata: metadata, folder: name)
        return told.isEmpty ? VoiceParts.languages[family] ?? [] : told
    }

    private static func languages(metadata: [String: String], folder: String) -> [String] {
        if let language = metadata["language"].map({ String($0.prefix(2)).lowercased() }), knownLanguages.contains(language) {
            return [language]
        }
        if metadata["is_multilingual"] == "0" { return ["en"] }
        let parts = folder.lowercased().split { "-_.".contains($0) }.map(String.init)
        var seen: Set<String> = []
        return parts.filter { knownLanguages.contains($0) && seen.insert($0).inserted }
    }

    /// Those that it can be told are spoken; nil where it takes no such hint.
    static func tellableLanguages(
        _ family: ModelFamily, _ metadata: [String: String], _ languages: [String], _ tokens: TokenList?
    ) -> [String]? {
        switch family {
        case .whisper where metadata["is_multilingual"] == "1":
            metadata["all_language_codes"].map { codes in codes.split(separator: ",").map { $0.filter { !$0.isWhitespace } } }
        case .streamingTransducer: metadata["prompt_dictionary"].flatMap(promptLanguages)
        // They have tokens, too, of languages that they were not trained on.
        case .canary:
            (languages.isEmpty ? ["en", "de", "es", "fr"] : languages).filter { tokens?.languages.contains($0) == true }
        case .cohere:
            cohereLanguages.filter { tokens?.languages.contains($0) == true && (languages.isEmpty || languages.contains($0)) }
        default: nil
        }
    }

    /// Of a multilingual NeMo model, whose prompts are of locales such as `en-US`; nil without any.
    private static func promptLanguages(_ dictionary: String) -> [String]? {
        guard let prompts = try? JSONDecoder().decode([String: Int].self, from: Data(dictionary.utf8)) else { return nil }
        let languages = Set(prompts.keys.map { $0.prefix { $0 != "-" }.lowercased() }).subtracting(["auto"]).sorted()
        return languages.isEmpty ? nil : languages
    }

    /// Another one ends the native library's process, or nothing is written.
    private static let cohereLanguages = [
        "ar", "de", "el", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "vi", "zh",
    ]
}
