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
            A model is a folder as it was published for sherpa-onnx. It is tried before it is added, in a process of its own, and copied \
            into `added` below models.directory. The first that is added for a language serves it; a server that runs takes it up within seconds, for new \
            sessions.

            EXAMPLES
              mynah models add ~/Downloads/sherpa-onnx-streaming-zipformer-en
              mynah models list
              mynah models use sherpa-onnx-streaming-zipformer-en
            """,
        subcommands: [Add.self, List.self, Info.self, Use.self, Verify.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find out what a folder holds, try it, and add it.",
            discussion: """
                EXAMPLE
                  mynah models add ./sherpa-onnx-whisper-tiny.en --name whisper
                """)
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "The model's folder.", completion: .directory) var folder: String
        @Option(help: "What it is to be called; by default as its folder is.") var name: String?

        func run() async throws {
            let settings = try options.load().settings
            let path = URL(fileURLWithPath: folder).standardizedFileURL.path
            let name = name ?? ModelFolder(path).name
            let library = library(settings)
            let model = try await library.add(ModelFolder(path), as: name, source: path) { copy, description in
                Terminal.error.write("\(ModelTable.summary(description)); it is tried …\n")
                return try await ModelTrial.run(description, in: copy, settings: settings)
            }
            let served = try library.manifest().languagesServed(by: name)
            Terminal.output.write(
                "\(Terminal.output.styled(name, .bold)) was added: loaded in \(model.trial.loadMS) ms, \(ModelTable.speed(model)).\n"
                    + (served.isEmpty
                        ? "Another model serves its languages; `mynah models use \(name)` changes that.\n"
                        : "It serves \(served.joined(separator: ", ")): \(model.description.family.task.usage).\n")
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
            if !name.contains("/"), let model = try library.manifest().models[name] {
                Terminal.output.write(ModelTable.details(model, folder: library.folder(of: name)))
            } else if name.contains("/") {
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
            let languages = try library(try options.load().settings).use(name, language: language)
            Terminal.output.write("\(name) serves \(languages.joined(separator: ", ")); a server that runs takes it up within seconds.\n")
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
            discussion: "A server that uses it goes on with what it has loaded, until it is started again.")
        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "The model's name.") var name: String

        func run() throws {
            try library(try options.load().settings).remove(name)
            Terminal.output.write("\(name) was removed.\n")
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
        }
    }
}
