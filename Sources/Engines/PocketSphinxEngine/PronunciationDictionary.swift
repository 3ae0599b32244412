import Glibc
public import SpeechModel

/// Which words the recogniser knows, read from the model's dictionary: a word and its phones in each line, `computer K AH M P Y UW T ER`.
public enum PronunciationDictionary {
    /// The fewest phones of a phrase: what is shorter is part of so many words that it would be heard everywhere.
    public static let fewestPhones = 4

    /// Checks phrases before anything listens for them.
    ///
    /// - Parameters:
    ///   - phrases: in lower case, words parted by spaces.
    ///   - models: a folder with `cmudict-en-us.dict`.
    /// - Throws: ``ErrorCode/invalidConfiguration`` naming phrase and word; ``ErrorCode/brokenModel``.
    public static func check(_ phrases: [String], models: String) throws(SpeechError) {
        let file = models + "/cmudict-en-us.dict"
        let phones = try phones(of: Set(phrases.flatMap { $0.split(separator: " ").map(String.init) }), in: file)
        for phrase in phrases {
            var count = 0
            for word in phrase.split(separator: " ") {
                guard let known = phones[String(word)] else {
                    throw SpeechError(
                        .invalidConfiguration,
                        "wakeword.phrases: in “\(phrase)” the word “\(word)” is not in the recogniser's dictionary.",
                        advice: "Choose words of \(file), or write it as words that sound like it.")
                }
                count += known
            }
            guard count >= fewestPhones else {
                throw SpeechError(
                    .invalidConfiguration, "wakeword.phrases: “\(phrase)” is too short: it would be heard in every other word.",
                    advice: "Choose one with at least \(fewestPhones) sounds, better eight or more, for instance “hey computer”.")
            }
        }
    }

    /// The number of phones of each word that is in the file.
    private static func phones(of words: Set<String>, in file: String) throws(SpeechError) -> [String: Int] {
        guard let stream = fopen(file, "r") else {
            throw SpeechError(
                .brokenModel, "The dictionary \(file) cannot be read.",
                advice: "Run `Scripts/setup`, or set models.directory to a folder that holds pocketsphinx/en-us.")
        }
        defer { fclose(stream) }
        var found: [String: Int] = [:]
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        // Only lines that begin like a wanted word are looked at more closely.
        let initials = Set(words.compactMap(\.utf8.first))
        while found.count < words.count, getline(&line, &capacity, stream) > 0, let start = line {
            guard initials.contains(UInt8(bitPattern: start.pointee)) else { continue }
            let parts = String(cString: start).split { $0 == " " || $0 == "\t" || $0.isNewline }
            if let word = parts.first.map(String.init), words.contains(word) { found[word] = parts.count - 1 }
        }
        return found
    }
}
