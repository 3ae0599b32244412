/// The kinds of models that the neural engine runs, by how they are built; named as their publishers do.
public enum ModelFamily: String, Codable, Sendable, CaseIterable {
    // Recognition while somebody speaks
    case streamingTransducer = "streaming-transducer"
    case streamingParaformer = "streaming-paraformer"
    case streamingZipformerCTC = "streaming-zipformer2-ctc"
    case streamingNeMoCTC = "streaming-nemo-ctc"
    case streamingToneCTC = "streaming-t-one-ctc"
    // Recognition of whole utterances
    case transducer
    case nemoTransducer = "nemo-transducer"
    case paraformer
    case nemoCTC = "nemo-ctc"
    case zipformerCTC = "zipformer-ctc"
    case wenetCTC = "wenet-ctc"
    case telespeechCTC = "telespeech-ctc"
    case whisper
    case moonshine
    case senseVoice = "sense-voice"
    case dolphin
    case canary
    case moonshineMerged = "moonshine-v2"
    case fireRed = "fire-red-asr"
    case fireRedCTC = "fire-red-asr-ctc"
    case omnilingualCTC = "omnilingual-ctc"
    case medASRCTC = "medasr-ctc"
    case cohere = "cohere-transcribe"
    case qwen3 = "qwen3-asr"
    case funASRNano = "funasr-nano"
    // Voices
    case vits
    case matcha
    case kokoro
    case kitten
    case zipvoice
    case pocket
    case supertonic
    // Speakers
    case speakerEmbedding = "speaker-embedding"
    case pyannoteSegmentation = "pyannote-segmentation"
    // Phrases
    case keywordTransducer = "keyword-transducer"
    // Text
    case ctTransformer = "ct-transformer-punctuation"
    case cnnBiLSTM = "cnn-bilstm-punctuation"
    // Sound
    case gtcrn
    case dpdfnet

    /// What it is for.
    public var task: ModelTask {
        switch self {
        case .vits, .matcha, .kokoro, .kitten, .zipvoice, .pocket, .supertonic: .synthesis
        case .speakerEmbedding: .speakerEmbedding
        case .pyannoteSegmentation: .speakerSegmentation
        case .ctTransformer, .cnnBiLSTM: .punctuation
        case .gtcrn, .dpdfnet: .enhancement
        case .keywordTransducer: .keywordSpotting
        default: .recognition
        }
    }

    /// Whether it writes while it listens; others read whole utterances, and again and again while one grows.
    public var isStreaming: Bool {
        switch self {
        case .streamingTransducer, .streamingParaformer, .streamingZipformerCTC, .streamingNeMoCTC, .streamingToneCTC,
            .keywordTransducer:
            true
        default: false
        }
    }
}

extension ModelFamily {
    /// The files that it needs.
    var roles: Set<ModelDescription.Role> {
        switch self {
        case .streamingTransducer, .transducer, .nemoTransducer: [.encoder, .decoder, .joiner, .tokens]
        case .keywordTransducer: [.encoder, .decoder, .joiner, .tokens, .keywords]
        case .qwen3: [.frontend, .encoder, .decoder, .tokenizer]
        case .funASRNano: [.encoder, .llm, .embedding, .tokenizer]
        case .streamingParaformer, .whisper, .canary, .fireRed, .cohere: [.encoder, .decoder, .tokens]
        case .moonshine: [.preprocessor, .encoder, .uncachedDecoder, .cachedDecoder, .tokens]
        case .moonshineMerged: [.encoder, .mergedDecoder, .tokens]
        case .matcha: [.model, .vocoder, .tokens]
        case .kokoro, .kitten: [.model, .voices, .tokens]
        case .cnnBiLSTM: [.model, .pieces]
        case .zipvoice: [.encoder, .decoder, .vocoder, .tokens]
        case .pocket: [.flow, .main, .encoder, .decoder, .conditioner, .vocabulary, .scores]
        case .supertonic: [.durations, .textEncoder, .estimator, .vocoder, .figures, .characters, .voices]
        case .speakerEmbedding, .pyannoteSegmentation, .ctTransformer, .gtcrn, .dpdfnet: [.model]
        default: [.model, .tokens]
        }
    }

    /// Whether it speaks as people do of whom it is given a recording.
    public var copiesVoices: Bool { self == .zipvoice || self == .pocket }

    /// Whether it has to be told which of its languages is spoken.
    public var mustBeTold: Bool { self == .canary || self == .cohere || self == .supertonic }

    var isCTC: Bool { rawValue.hasSuffix("-ctc") && self != .omnilingualCTC }

    /// What the main network has to say of itself: the native library ends the process over a key that is missing.
    func requiredMetadata(_ metadata: [String: String]) -> [String] {
        let caches = ["cache_last_channel_dim1", "cache_last_channel_dim2", "cache_last_channel_dim3"]
        let times = ["cache_last_time_dim1", "cache_last_time_dim2", "cache_last_time_dim3"]
        let gtcrnCaches = ["conv_cache_shape", "tra_cache_shape", "inter_cache_shape"]
        let zipformer = ["encoder_dims", "num_encoder_layers", "cnn_module_kernels", "left_context_len", "T", "decode_chunk_len"]
        switch self {
        case .streamingTransducer, .keywordTransducer:
            if metadata["streaming_model_type"] != nil { return ["vocab_size", "subsampling_factor"] }
            if metadata["window_size"] != nil {
                return ["vocab_size", "chunk_shift", "subsampling_factor", "pred_rnn_layers", "pred_hidden"] + caches + times
            }
            return ["model_type", "T", "decode_chunk_len"]
        case .streamingParaformer:
            return ["vocab_size", "lfr_window_shift", "encoder_output_size", "decoder_kernel_size", "neg_mean", "inv_stddev"]
        case .streamingZipformerCTC: return zipformer + ["query_head_dims", "value_head_dims", "num_heads"]
        case .streamingNeMoCTC: return ["window_size", "chunk_shift", "subsampling_factor", "vocab_size"] + caches + times
        case .streamingToneCTC: return ["frame_length_ms", "state_dim", "sample_rate"]
        case .transducer: return ["model_type"]
        case .nemoTransducer: return ["vocab_size", "subsampling_factor", "pred_rnn_layers", "pred_hidden"]
        case .nemoCTC, .wenetCTC: return ["vocab_size", "subsampling_factor"]
        case .canary: return ["vocab_size", "subsampling_factor", "feat_dim"]
        case .paraformer: return ["vocab_size", "lfr_window_shift", "neg_mean", "inv_stddev"]
        case .senseVoice:
            return ["vocab_size", "lfr_window_shift", "normalize_samples", "with_itn", "without_itn", "neg_mean", "inv_stddev"]
        case .whisper:
            return ["n_mels", "n_text_layer", "n_text_ctx", "n_text_state", "n_vocab", "sot", "eot", "is_multilingual"]
        case .fireRed: return ["num_decoder_layers", "head_dim", "sos", "eos", "max_len", "cmvn_inv_stddev"]
        case .fireRedCTC: return ["cmvn_mean", "cmvn_inv_stddev"]
        case .dolphin, .medASRCTC: return ["vocab_size"]
        case .moonshine, .moonshineMerged, .zipformerCTC, .telespeechCTC, .omnilingualCTC, .cohere, .qwen3, .funASRNano: return []
        case .zipvoice, .pocket, .supertonic: return []
        case .vits: return ["sample_rate", "n_speakers", "language", "comment"]
        case .matcha: return ["sample_rate", "n_speakers", "use_eos_bos", "pad_id"]
        case .kokoro, .kitten: return ["sample_rate", "n_speakers", "has_espeak", "style_dim"]
        case .speakerEmbedding:
            return metadata["framework"] == "nemo"
                ? ["output_dim", "feat_dim", "sample_rate", "window_size_ms", "window_stride_ms", "language"]
                : ["output_dim", "sample_rate", "normalize_samples", "language"]
        case .pyannoteSegmentation:
            return [
                "sample_rate", "window_size", "receptive_field_size", "receptive_field_shift", "num_speakers",
                "powerset_max_classes", "num_classes",
            ]
        case .ctTransformer: return ["tokens", "punctuations", "vocab_size", "unk_symbol"]
        case .cnnBiLSTM: return ["COMMA", "PERIOD", "QUESTION", "UPPER", "CAP", "MIX_CASE"]
        case .gtcrn:
            return ["sample_rate", "n_fft", "hop_length", "window_length", "window_type", "version"] + gtcrnCaches
        case .dpdfnet:
            return [
                "profile", "sample_rate", "n_fft", "hop_length", "window_length", "window_type", "pad_mode", "freq_bins",
                "erb_bins", "spec_bins", "state_size", "erb_norm_state_size", "spec_norm_state_size", "erb_norm_init",
                "spec_norm_init",
            ]
        }
    }
}

/// What a model is for.
public enum ModelTask: String, Codable, Sendable, CaseIterable {
    /// Speech to text.
    case recognition
    /// Text to speech.
    case synthesis
    /// Who speaks: a number of values for each voice.
    case speakerEmbedding = "speaker-embedding"
    /// When somebody speaks, and when somebody else does.
    case speakerSegmentation = "speaker-segmentation"
    /// Commas and full stops for a text without.
    case punctuation
    /// Speech without noise.
    case enhancement
    /// Whether certain phrases are said: wake words.
    case keywordSpotting = "keyword-spotting"
}
