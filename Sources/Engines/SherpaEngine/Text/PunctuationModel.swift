import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Commas, full stops and question marks through sherpa-onnx. Belongs into a worker process.
public final class PunctuationModel: JobRunner {
    private let punctuation: OpaquePointer
    public let greeting: [JobValue] = []

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        var configuration = SherpaOnnxOfflinePunctuationConfig()
        configuration.model.ct_transformer = strings.add(model.files[.model].map { folder + "/" + $0 })
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOfflinePunctuation(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its file")
        }
        punctuation = made
    }

    deinit { SherpaOnnxDestroyOfflinePunctuation(punctuation) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .text(let text)? = request.first, let written = SherpaOfflinePunctuationAddPunct(punctuation, text) else {
            return request
        }
        defer { SherpaOfflinePunctuationFreeText(written) }
        return [.text(Self.spaced(String(cString: written)))]
    }

    /// The marks of Chinese, which the models write behind the words of every language, and those of others.
    private static let marks: [Character: Character] = ["，": ",", "。": ".", "？": "?", "！": "!", "、": ",", "：": ":", "；": ";"]

    /// The text with its language's own marks: behind a word in letters that are not Chinese, a half-width one and a space.
    static func spaced(_ text: String) -> String {
        var result = ""
        for character in text {
            let isLatin = result.last.map { $0.isASCII || $0.unicodeScalars.allSatisfy { $0.value < 0x1100 } } ?? false
            if let mark = marks[character], isLatin {
                if result.last == " " { result.removeLast() }
                result += "\(mark) "
            } else if !(character == " " && result.last == " ") {
                result.append(character)
            }
        }
        while result.last == " " { result.removeLast() }
        return result
    }
}
