import Foundation
import SpeechModel

/// A model's `tokens.txt`: one piece of text and its number in each line.
///
/// The native library ends the process over a list that is not as it expects, so it is looked at before.
struct TokenList {
    private let path: String
    private let symbols: [Substring]

    init(_ path: String) throws(SpeechError) {
        self.path = path
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Self.fault(path, "cannot be read as UTF-8")
        }
        var symbols: [Substring] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let columns = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            // A number alone belongs to the space.
            guard (1...2).contains(columns.count), let number = columns.last, Int(number) != nil else {
                throw Self.fault(path, "line \(index + 1) is not a token and its number: `\(line.prefix(40))`")
            }
            symbols.append(columns.count == 2 ? columns[0] : " ")
        }
        guard !symbols.isEmpty else { throw Self.fault(path, "is empty") }
        self.symbols = symbols
    }

    /// In their order.
    var texts: [String] { symbols.map(String.init) }

    /// The languages that there is a token for, such as `<|en|>`.
    var languages: [String] {
        symbols.compactMap { symbol in
            guard symbol.hasPrefix("<|"), symbol.hasSuffix("|>"), symbol.count == 6 else { return nil }
            let code = symbol.dropFirst(2).dropLast(2)
            return code.allSatisfy { $0.isASCII && $0.isLowercase } ? String(code) : nil
        }
    }

    /// Whether it has capital letters and no small ones.
    var hasCapitalsOnly: Bool {
        // Control tokens such as <blk> are not written.
        let letters = symbols.lazy.filter { !$0.hasPrefix("<") }.joined().unicodeScalars.filter {
            $0.isASCII && $0.properties.isAlphabetic
        }
        return letters.contains { $0.properties.isUppercase } && !letters.contains { $0.properties.isLowercase }
    }

    /// - Throws: ``ErrorCode/brokenModel``, when the family could not be decoded with it.
    func check(for family: ModelFamily, vocabulary: Int?) throws(SpeechError) {
        if family.isCTC, !["<blk>", "<eps>", "<blank>"].contains(where: { symbols.contains($0) }) {
            throw Self.fault(path, "has no <blk>, <eps> or <blank>, which a \(family.rawValue) model needs")
        }
        if family == .nemoTransducer {
            guard symbols.last == "<blk>" else { throw Self.fault(path, "does not end with <blk>") }
            if let vocabulary, symbols.count != vocabulary + 1 {
                throw Self.fault(path, "has \(symbols.count) tokens, and the model \(vocabulary) and <blk>")
            }
        }
        if family == .canary || family == .cohere, languages.isEmpty {
            throw Self.fault(path, "has no token of a language, such as <|en|>, which a \(family.rawValue) model needs")
        }
        if family == .canary, let vocabulary, symbols.count != vocabulary {
            throw Self.fault(path, "has \(symbols.count) tokens, and the model \(vocabulary)")
        }
    }

    private static func fault(_ path: String, _ what: String) -> SpeechError {
        SpeechError(.brokenModel, "\(path) \(what).", advice: "Take the list that was published with the model.")
    }
}
