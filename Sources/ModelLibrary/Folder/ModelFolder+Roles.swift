extension ModelFolder {
    static func isNetwork(_ name: String) -> Bool { name.hasSuffix(".onnx") || name.hasSuffix(".ort") }

    /// By the part of the name that all publishers have in common.
    static func role(of file: String) -> ModelDescription.Role {
        let name = file.lowercased()
        if name.contains("joiner") { return .joiner }
        if name.hasPrefix("conv_frontend") { return .frontend }
        if name.hasPrefix("llm") { return .llm }
        if name.hasPrefix("embedding") { return .embedding }
        let voiceParts: [ModelDescription.Role] = [.flow, .main, .conditioner, .durations, .textEncoder, .estimator]
        if let part = voiceParts.first(where: { name.hasPrefix($0.rawValue) }) { return part }
        if name.contains("vocos") || name.contains("hifigan") || name.contains("vocoder") { return .vocoder }
        if name.contains("uncached_decode") { return .uncachedDecoder }
        if name.contains("cached_decode") { return .cachedDecoder }
        if name.contains("decoder_model_merged") { return .mergedDecoder }
        if name.contains("preprocess") { return .preprocessor }
        if name.contains("encode") { return .encoder }
        if name.contains("decoder") { return .decoder }
        return .model
    }

    /// What it is, by its parts and by what they say of themselves; nil when nothing fits.
    ///
    /// A network that streams is exported with the length of its steps; the type alone is the same for both.
    /// Keyword spotters are small recognisers, published with the phrases that they were tried with.
    static func family(_ files: [ModelDescription.Role: String], _ metadata: [String: String]) -> ModelFamily? {
        func has(_ keys: String...) -> Bool { keys.allSatisfy { metadata[$0] != nil } }
        let type = metadata["model_type"] ?? ""
        let streams = has("T", "decode_chunk_len") || has("window_size", "chunk_shift") || has("streaming_model_type")
        if files[.joiner] != nil {
            if streams, files[.keywords] != nil { return .keywordTransducer }
            return streams ? .streamingTransducer : type.hasPrefix("EncDec") ? .nemoTransducer : .transducer
        }
        if files[.main] != nil { return .pocket }
        if files[.estimator] != nil { return .supertonic }
        if files[.encoder] != nil, files[.vocoder] != nil { return .zipvoice }
        if files[.llm] != nil { return .funASRNano }
        if files[.frontend] != nil { return .qwen3 }
        if files[.mergedDecoder] != nil { return .moonshineMerged }
        if files[.cachedDecoder] != nil { return .moonshine }
        if files[.encoder] != nil {
            if type.hasPrefix("whisper") { return .whisper }
            if type == "EncDecMultiTaskModel" { return .canary }
            if has("lfr_window_size", "decoder_num_blocks") { return .streamingParaformer }
            if type.contains("cohere-transcribe") { return .cohere }
            return has("cmvn_mean", "num_head") ? .fireRed : nil
        }
        if has("framework") { return .speakerEmbedding }
        if has("powerset_max_classes") { return .pyannoteSegmentation }
        if has("tokens", "punctuations") { return .ctTransformer }
        if has("COMMA", "UPPER") { return .cnnBiLSTM }
        if has("style_dim") { return type == "kitten-tts" ? .kitten : .kokoro }
        if has("n_speakers") { return has("language", "comment") ? .vits : .matcha }
        switch type {
        case "gtcrn": return .gtcrn
        case "dpdfnet": return .dpdfnet
        case "telespeech_ctc": return .telespeechCTC
        case "wenet_ctc": return .wenetCTC
        case "zipformer2_ctc": return .zipformerCTC
        case "omnilingual-asr": return .omnilingualCTC
        case "medasr_ctc": return .medASRCTC
        case "fire-red-asr-2-ctc": return .fireRedCTC
        default: break
        }
        if has("T", "decode_chunk_len") { return .streamingZipformerCTC }
        if has("cache_last_channel_dim1") { return .streamingNeMoCTC }
        if has("state_dim", "frame_length_ms") { return .streamingToneCTC }
        if has("lfr_window_size") { return has("lang_zh") ? .senseVoice : .paraformer }
        if has("mean", "invstd") { return .dolphin }
        return type.hasPrefix("EncDec") ? .nemoCTC : nil
    }
}
