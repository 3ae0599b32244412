/// What a file holds, told by its first bytes. Names and extensions are not looked at: they lie.
public enum AudioFileKind: String, Sendable, CaseIterable {
    case wave, flac, ogg, mpegAudio, adts, isoMedia, matroska, aiff, caf, sunAudio, wave64, amr, asf, avi, mpegTransport
    /// Nothing that is known to hold audio.
    case unknown

    /// How many bytes at the beginning tell the kind.
    public static let prefixLength = 4096

    /// Tells the kind from the first ``prefixLength`` bytes of a file, or all of a shorter one.
    public init(prefix: some Collection<UInt8>) {
        let bytes = Array(prefix.prefix(Self.prefixLength))
        func has(_ signature: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: signature.utf8) }
        func has(_ signature: [UInt8]) -> Bool { bytes.starts(with: signature) }

        if ["RIFF", "RF64", "BW64", "RIFX"].contains(where: { has($0) }) {
            self = has("WAVE", at: 8) ? .wave : has("AVI ", at: 8) ? .avi : .unknown
        } else if has("fLaC") {
            self = .flac
        } else if has("OggS") {
            self = .ogg
        } else if has("ID3") {
            self = .mpegAudio
        } else if ["ftyp", "moov", "mdat", "wide"].contains(where: { has($0, at: 4) }) {
            self = .isoMedia
        } else if has([0x1A, 0x45, 0xDF, 0xA3]) {
            self = .matroska
        } else if has("FORM"), has("AIFF", at: 8) || has("AIFC", at: 8) {
            self = .aiff
        } else if has("caff") {
            self = .caf
        } else if has(".snd") {
            self = .sunAudio
        } else if has([0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11]) {
            self = .wave64
        } else if has("#!AMR") {
            self = .amr
        } else if has([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11]) {
            self = .asf
        } else if bytes.count > 376, stride(from: 0, through: 376, by: 188).allSatisfy({ bytes[$0] == 0x47 }) {
            self = .mpegTransport
        } else {
            self = Self.mpegFrame(bytes)
        }
    }

    /// ISO/IEC 11172-3 §2.4.1.3 and 13818-7 §6.2: a frame without a container begins with 11 or 12 set bits.
    private static func mpegFrame(_ bytes: [UInt8]) -> AudioFileKind {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return .unknown }
        let version = bytes[1] >> 3 & 3
        let layer = bytes[1] >> 1 & 3
        if layer == 0 { return bytes[1] & 0xF0 == 0xF0 && bytes[2] >> 2 & 0xF <= 12 ? .adts : .unknown }
        // Layer I is out of use, and its bits are those of a UTF-16 text.
        return version != 1 && layer != 3 && bytes[2] >> 4 != 15 && bytes[2] >> 2 & 3 != 3 ? .mpegAudio : .unknown
    }

    /// The demultiplexers of ffmpeg that may open such a file: no other ever sees it, above all none that follows references
    /// to other files or addresses (playlists, `concat`).
    var demultiplexers: String {
        switch self {
        case .wave: "wav"
        case .flac: "flac"
        case .ogg: "ogg"
        case .mpegAudio: "mp3,aac,flac"  // an ID3 tag may stand in front of each
        case .adts: "aac"
        case .isoMedia: "mov"
        case .matroska: "matroska"
        case .aiff: "aiff"
        case .caf: "caf"
        case .sunAudio: "au"
        case .wave64: "w64"
        case .amr: "amr"
        case .asf: "asf"
        case .avi: "avi"
        case .mpegTransport: "mpegts"
        case .unknown: "none"
        }
    }
}
