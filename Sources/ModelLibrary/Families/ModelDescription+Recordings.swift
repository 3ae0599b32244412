import Foundation

extension ModelDescription {
    /// Of a voice that copies voices: what its people are called.
    public var speakerNames: [String]? {
        recordings.map { $0.map { file in String(file.split(separator: "/").last?.dropLast(".wav".count) ?? "") } }
    }

    /// What is said in a recording, as the text file beside it has it; nil without words.
    public static func words(of recording: String) -> String? {
        let text = try? String(contentsOfFile: recording.dropLast(".wav".count) + ".txt", encoding: .utf8)
        let words = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        return words.isEmpty ? nil : words
    }
}
