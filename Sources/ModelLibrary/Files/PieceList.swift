import Foundation
import SpeechModel

/// A model's `bpe.vocab`: a piece of a word and its score in each line.
///
/// The native library ends the process over a list that is not as it expects, so it is looked at before.
struct PieceList {
    /// - Throws: ``ErrorCode/brokenModel`` naming the line.
    init(_ path: String) throws(SpeechError) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), !text.isEmpty else {
            throw Self.fault(path, "is empty, or no UTF-8")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count == 2, columns[0].utf8.count < 1000, !columns[0].utf8.contains(0),
                let score = Float(columns[1]), score.isFinite
            else { throw Self.fault(path, "line \(index + 1) is not a piece and its score: `\(line.prefix(40))`") }
        }
    }

    private static func fault(_ path: String, _ what: String) -> SpeechError {
        SpeechError(.brokenModel, "\(path) \(what).", advice: "Take the list that was published with the model.")
    }
}
