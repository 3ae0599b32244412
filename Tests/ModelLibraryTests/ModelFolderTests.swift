import Foundation
import ModelLibrary
import SpeechModel
import Testing

/// The folders are named and filled as their publishers do it.
@Suite struct ModelFolderTests {
    private static let cohere = ["model_type": "cohere-transcribe-03-2026"]
    private static let zipformer = ["model_type": "zipformer2", "T": "45", "decode_chunk_len": "32"]

    @Test func `a streaming transducer in two precisions: the quick one is taken`() throws {
        let folder = try MadeUpModel.Folder(
            [
                "encoder-epoch-99-avg-1.onnx": MadeUpModel.onnx(Self.zipformer),
                "encoder-epoch-99-avg-1.int8.onnx": MadeUpModel.onnx(Self.zipformer),
                "decoder-epoch-99-avg-1.onnx": MadeUpModel.onnx(), "joiner-epoch-99-avg-1.onnx": MadeUpModel.onnx(),
                "tokens.txt": MadeUpModel.tokens, "bpe.model": [1], "README.md": [1],
            ], named: "sherpa-onnx-streaming-zipformer-en-2023-06-26")
        let model = try ModelFolder(folder.path).inspect()
        #expect(model.family == .streamingTransducer && model.family.isStreaming)
        #expect(model.files[.encoder] == "encoder-epoch-99-avg-1.int8.onnx")
        #expect(model.files[.joiner] == "joiner-epoch-99-avg-1.onnx" && model.followsSeveralReadings == true)
        for precision in [NetworkPrecision.float32, .float16] {
            #expect(try ModelFolder(folder.path).inspect(precision).files[.encoder] == "encoder-epoch-99-avg-1.onnx")
        }
        #expect(model.stepMS == 320 && model.sampleRate == 16_000 && model.languages == ["en"])
        #expect(model.writesCapitalsOnly)
        #expect(model.bytes > 0 && !model.allFiles.contains("bpe.model"))
    }

    @Test(
        arguments: [
            (["model.onnx": MadeUpModel.nemoStreaming], ModelFamily.streamingNeMoCTC),
            (["model.onnx": ["model_type": "EncDecCTCModelBPE", "vocab_size": "2", "subsampling_factor": "4"]], .nemoCTC),
            (["model.int8.onnx": ["model_type": "zipformer2_ctc"]], .zipformerCTC),
            (
                [
                    "model.onnx": [
                        "lfr_window_size": "7", "lfr_window_shift": "6", "lang_zh": "3", "vocab_size": "2",
                        "normalize_samples": "0",
                        "with_itn": "14", "without_itn": "15", "neg_mean": "0", "inv_stddev": "1",
                    ]
                ], .senseVoice
            ),
            (
                [
                    "tiny.en-encoder.int8.onnx": [
                        "model_type": "whisper-tiny.en", "n_mels": "80", "n_text_layer": "4", "n_text_ctx": "448",
                        "n_text_state": "384",
                        "n_vocab": "51864", "sot": "50257", "eot": "50256", "is_multilingual": "0",
                    ], "tiny.en-decoder.int8.onnx": [:],
                ], .whisper
            ),
            (
                [
                    "encode.int8.onnx": [:], "preprocess.onnx": [:], "cached_decode.int8.onnx": [:],
                    "uncached_decode.int8.onnx": [:],
                ], .moonshine
            ),
            (
                [
                    "encoder.int8.onnx": [
                        "model_type": "EncDecRNNTBPEModel", "vocab_size": "2", "subsampling_factor": "8", "pred_rnn_layers": "2",
                        "pred_hidden": "640",
                    ], "decoder.int8.onnx": [:], "joiner.int8.onnx": [:],
                ], .nemoTransducer
            ),
            (["encoder.onnx": ["model_type": "zipformer2"], "decoder.onnx": [:], "joiner.onnx": [:]], .transducer),
        ] as [([String: [String: String]], ModelFamily)])
    func `kinds are told by their files and what they say`(files: [String: [String: String]], family: ModelFamily) throws {
        let tokens = Array("a 0\nb 1\n<blk> 2\n".utf8)
        var contents = files.mapValues { MadeUpModel.onnx($0) }
        contents[family == .whisper ? "tiny.en-tokens.txt" : "tokens.txt"] = tokens
        let folder = try MadeUpModel.Folder(contents)
        let model = try ModelFolder(folder.path).inspect()
        #expect(model.family == family)
        #expect(Set(model.files.values) == Set(contents.keys))
    }

    @Test(
        arguments: [
            (
                "sherpa-onnx-qwen3-asr-0.6B-int8-2026-03-25", ModelFamily.qwen3,
                ["conv_frontend.onnx", "decoder.int8.onnx", "encoder.int8.onnx", "tokenizer/merges.txt", "tokenizer/vocab.json"]
            ),
            (
                "sherpa-onnx-funasr-nano-int8-2025-12-30", .funASRNano,
                [
                    "Qwen3-0.6B/merges.txt", "Qwen3-0.6B/tokenizer.json", "Qwen3-0.6B/vocab.json", "embedding.int8.onnx",
                    "encoder_adaptor.int8.onnx", "llm.int8.onnx",
                ]
            ),
            (
                "sherpa-onnx-cohere-transcribe-14-lang-int8-2026-04-01", .cohere,
                ["decoder.int8.onnx", "encoder.int8.onnx", "encoder.int8.onnx.data", "tokens.txt"]
            ),
            (
                "sherpa-onnx-kws-zipformer-gigaspeech-3.3M-2024-01-01", .keywordTransducer,
                ["bpe.model", "decoder.onnx", "encoder.onnx", "joiner.onnx", "keywords.txt", "tokens.txt"]
            ),
        ])
    func `folders as they are published, with what belongs to them`(name: String, family: ModelFamily, files: [String]) throws {
        var contents: [String: [UInt8]] = ["README.md": [1], "test_wavs/0.wav": [1]]
        for file in files {
            contents[file] =
                file.hasSuffix(".onnx")
                ? MadeUpModel.onnx(family == .keywordTransducer ? Self.zipformer : family == .cohere ? Self.cohere : [:])
                : file == "tokens.txt" ? MadeUpModel.tokens + (family.mustBeTold ? Array("<|de|> 3\n<|xx|> 4\n".utf8) : []) : [1]
        }
        let folder = try MadeUpModel.Folder(contents, named: name)
        let model = try ModelFolder(folder.path).inspect()
        #expect(model.family == family && model.allFiles == files)
        #expect(model.bytes == files.reduce(0) { $0 + contents[$1]!.count })
        #expect(model.tellableLanguages == (family.mustBeTold ? ["de"] : nil))
    }

    @Test func `a multilingual NeMo model that streams is told what its prompts are for`() throws {
        var metadata = MadeUpModel.nemoStreaming
        metadata["pred_rnn_layers"] = "1"
        metadata["pred_hidden"] = "1"
        for (dictionary, languages) in [
            ("{\"en-US\": 0, \"en-GB\": 1, \"es-ES\": 2, \"auto\": 3}", ["en", "es"]), ("no JSON", nil),
        ] {
            metadata["prompt_dictionary"] = dictionary
            let folder = try MadeUpModel.Folder([
                "encoder.onnx": MadeUpModel.onnx(metadata), "decoder.onnx": MadeUpModel.onnx(), "joiner.onnx": MadeUpModel.onnx(),
                "tokens.txt": MadeUpModel.tokens,
            ])
            let model = try ModelFolder(folder.path).inspect()
            #expect(model.family == .streamingTransducer && model.followsSeveralReadings == false)
            #expect(model.tellableLanguages == languages && model.languages.isEmpty)
        }
    }

    @Test func `one that must be told its language needs tokens for languages`() throws {
        let folder = try MadeUpModel.Folder(
            [
                "encoder.int8.onnx": MadeUpModel.onnx(Self.cohere), "decoder.int8.onnx": MadeUpModel.onnx(),
                "tokens.txt": MadeUpModel.tokens,
            ], named: "sherpa-onnx-cohere-transcribe")
        let error = #expect(throws: SpeechError.self) { try ModelFolder(folder.path).inspect() }
        #expect(error?.code == .brokenModel && error?.message.contains("<|en|>") == true)
    }

    @Test func `a model of voices may be called an embedding`() throws {
        let contents = MadeUpModel.onnx([
            "framework": "wespeaker", "output_dim": "256", "sample_rate": "16000", "normalize_samples": "0",
            "language": "English",
        ])
        let folder = try MadeUpModel.Folder(["embedding_model.onnx": contents])
        let model = try ModelFolder(folder.path).inspect()
        #expect(model.family == .speakerEmbedding && model.files == [.model: "embedding_model.onnx"])
    }

    @Test func `weights beside a network belong to it`() throws {
        let folder = try MadeUpModel.Folder([
            "model.onnx": MadeUpModel.onnx(["model_type": "omnilingual-asr"]), "model.weights": [1, 2], "other.weights": [1],
            "tokens.txt": MadeUpModel.smallTokens,
        ])
        #expect(try ModelFolder(folder.path).inspect().allFiles == ["model.onnx", "model.weights", "tokens.txt"])
    }

    @Test(
        arguments: [
            ([:], "holds no .onnx file"),
            (["readme.txt": [1]], "it holds readme.txt"),
            (["model.onnx": Array("hello".utf8), "tokens.txt": MadeUpModel.tokens], "not an ONNX file"),
            (["model.onnx": [], "tokens.txt": MadeUpModel.tokens], "it is empty"),
            (["model.onnx": MadeUpModel.onnx(["model_type": "vocoder"]), "tokens.txt": MadeUpModel.tokens], "of type vocoder"),
            (["model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming)], "without its tokens"),
            (
                [
                    "model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming.filter { $0.key != "chunk_shift" }),
                    "tokens.txt": MadeUpModel.tokens,
                ],
                "lacks `chunk_shift`"
            ),
            (
                ["model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming), "tokens.txt": Array("a b 3\n".utf8)],
                "line 1 is not a token"
            ),
            (["model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming), "tokens.txt": Array("a 0\n".utf8)], "has no <blk>"),
            (["model.onnx": MadeUpModel.onnx(MadeUpModel.nemoStreaming), "tokens.txt": [0xFF, 0xFE, 0x0A]], "UTF-8"),
        ] as [([String: [UInt8]], String)])
    func `what is wrong is told, and what was found`(files: [String: [UInt8]], said: String) throws {
        let folder = try MadeUpModel.Folder(files)
        let error = #expect(throws: SpeechError.self) { try ModelFolder(folder.path).inspect() }
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "nothing")")
    }

    @Test func `a path that is no folder is told`() throws {
        let error = #expect(throws: SpeechError.self) { try ModelFolder("/nonexistent").inspect() }
        #expect(error?.code == .unreadableFile)
        let folder = try MadeUpModel.Folder(["model.onnx": MadeUpModel.onnx()])
        #expect(throws: SpeechError.self) { try ModelFolder(folder.path + "/model.onnx").inspect() }
    }
}
