import ArgumentParser
import Assembly
import Foundation
import ModelLibrary
import MynahConfiguration
import SpeechModel

/// `mynah models`: the neural models that were added.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Add, list, choose and remove neural models.",
        discussion: """
            A model is a folder as it was published for sherpa-onnx, an archive with such a folder, or one .onnx file; on this machine or \
            on the web. It is tried before it is added, in a process of its own, and copied into `added` below models.directory. The \
            first that is added for a language serves it; a server that runs takes recognition up within seconds, for new sessions, and \
            the rest at its next start.

            EXAMPLES
              mynah models add https://example.org/sherpa-onnx-streaming-zipformer-en.tar.bz2
              mynah models list
              mynah models use sherpa-onnx-streaming-zipformer-en
            """,
        subcommands: [Add.self, List.self, Info.self, Use.self, Verify.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download or unpack a model where that is needed, try it, and add it.",
            discussion: """
                What was downloaded before the connection or the program ended is kept; the same command goes on there. Archives are tar, \
                as it is or by gzip, bzip2, xz or zstd, and zip.

                EXAMPLES
                  mynah models add ./sherpa-onnx-whisper-tiny.en --name whisper
                  mynah models add ~/Downloads/sherpa-onnx-whisper-tiny.en.tar.bz2
                  mynah models add https://example.org/sherpa-onnx-whisper-tiny.en.tar.bz2 --sha256 2c53…
                """)
        @OptionGroup var options: ConfigurationOptions
        @Argument(
            help: "The model: a folder, an archive, an .onnx file, or the http(s) address of one of the files.",
            completion: .file())
        var source: String
        @Option(help: "What it is to be called; by default as its folder or file is.") var name: String?
        @Option(help: "The SHA-256 that the file must have, in hexadecimal digits.") var sha256: String?

        func run() async throws {
            let settings = try options.load().settings
            let source = try ModelSource(source)
            let name = name ?? source.name
            let library = library(settings)
            try checkSHA256()
            guard !Self.reserved.contains(name) else {
                throw SpeechError(
                    .invalidParameter, "\(name) is built in.", advice: "Give the model another name with --name.")
            }
            // Said before it is downloaded.
            try library.checkVacant(name)
            let model = try await source.withFolder(for: library, sha256: sha256) { folder, source, isTemporary in
                try await library.add(
                    folder, as: name, source: source, precision: settings.stt.precision, isTemporary: isTemporary
                ) { copy, description in
                    Terminal.error.write("\(ModelTable.summary(description)); it is tried …\n")
                    return try await ModelTrial.run(description, in: copy, settings: settings)
                }
            }
            let served = try library.manifest().languagesServed(by: name)
            Terminal.output.write(
                "\(Terminal.output.styled(name, .bold)) was added: loaded in \(model.trial.loadMS) ms, \(ModelTable.speed(model)).\n"
                    + (served.isEmpty
                        ? "Another model serves its languages; `mynah models use \(name)` changes that.\n"
                        : "It serves \(served.joined(separator: ", ")): \(model.description.family.task.usage).\n")
            )
        }

        /// A model of such a name could not be asked for, or hid the other one.
        private static let reserved = Set(Synthesis.builtInNames + [ModelFiles.usualName])

        private func checkSHA256() throws(SpeechError) {
            guard let sha256, sha256.utf8.count != 64 || !sha256.allSatisfy(\.isHexDigit) else { return }
            throw SpeechError(
                .invalidParameter, "`\(sha256)` is not a SHA-256.", advice: "Give its 64 hexadecimal digits, as `sha256sum` does."
            )
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the models; * serves a language.")
        @OptionGroup var options: ConfigurationOptions
        @ArgumentParser.Flag(help: "As JSON.") var json = false

        func run() throws {
            let library = library(try options.load().settings)
            let manifest = try library.manifest()
            Terminal.output.write(json ? ModelTable.json(manifest) : ModelTable.table(manifest, directory: library.directory))
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what is known of a model, or of a folder that was not added.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "A model's name, or a folder's path.") var name: String

        func run() throws {
            let library = library(try options.load().settings)
            if let model = try library.manifest().models[name] {
                Terminal.output.write(ModelTable.details(model, folder: library.folder(of: name)))
            } else if name.contains("/") || FileManager.default.fileExists(atPath: name) {
                Terminal.output.write(ModelTable.summary(try ModelFolder(name).inspect()) + "\n")
            } else {
                _ = try library.manifest().model(name)
            }
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a model serve a language.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "The model's name.") var name: String
        @Option(help: "A language's two letters; by default those that the model is made for.") var language: String?

        func run() throws {
            let models = library(try options.load().settings)
            let languages = try models.use(name, language: language)
            let isRecognition = try models.manifest().model(name).description.family.task == .recognition
            Terminal.output.write(
                "\(name) serves \(languages.joined(separator: ", ")); a server that runs takes it up "
                    + (isRecognition ? "within seconds, for new sessions.\n" : "at its next start.\n"))
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the files of models with the checksums that were noted when they were added.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "A model's name; without one all of them.") var name: String?

        func run() throws {
            let library = library(try options.load().settings)
            let names = try name.map { [$0] } ?? library.manifest().models.keys.sorted()
            var isDamaged = false
            for name in names {
                let damaged = try library.damagedFiles(of: name)
                isDamaged = isDamaged || !damaged.isEmpty
                Terminal.output.write(
                    damaged.isEmpty
                        ? "\(Terminal.output.styled("✓", .green)) \(name)\n"
                        : "\(Terminal.output.styled("✗", .red)) \(name): damaged or missing: \(damaged.joined(separator: ", "))\n"
                )
            }
            if isDamaged {
                throw SpeechError(
                    .brokenModel, "Files of a model are not what was added.",
                    advice: "`mynah models remove` it, and add it again from where it was published.")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a model and its files.",
            discussion:
                "What it served another model serves that is made for it. Sessions that have it go on with it; voices and the like do until the server is started again."
        )
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "The model's name.") var name: String

        func run() throws {
            let heirs = try library(try options.load().settings).remove(name)
            let lines = heirs.sorted { $0.key < $1.key }.map { language, heir in
                heir.map { "\($0) serves \(language) now." } ?? "No other model that was added serves \(language)."
            }
            Terminal.output.write((["\(name) was removed."] + lines).joined(separator: "\n") + "\n")
        }
    }
}

private func library(_ settings: Settings) -> ModelLibrary {
    ModelLibrary(modelsDirectory: settings.models.directory)
}

extension ModelTask {
    /// What uses such a model.
    fileprivate var usage: String {
        switch self {
        case .recognition: "`mynah serve` and `mynah transcribe` use it from now on"
        case .synthesis: "`mynah speak` and `mynah serve` use it from now on"
        case .speakerEmbedding:
            "for live sessions set speakers.enabled; `mynah transcribe --diarize` needs one for segmentation, too"
        case .speakerSegmentation: "`mynah transcribe --diarize` uses it, with one for speaker embeddings"
        case .punctuation: "finals and transcripts have commas and full stops from now on"
        case .enhancement: "`mynah enhance` uses it"
        case .keywordSpotting: "`mynah serve` listens for wake words with it from its next start on"
        }
    }
}
