import CFlite
public import SpeechModel
public import Workers

/// The voices that are built in: CMU Flite 2.2, English, quick and small. Belongs into a worker process.
public final class FliteVoices: JobRunner {
    /// A woman and three men; the first is the default.
    public static let names = ["slt", "awb", "rms", "kal16"]
    private static let sampleRate = 16_000.0

    private let voices: [UnsafeMutablePointer<cst_voice>]
    public let greeting: [JobValue] = [.numbers([sampleRate])]

    /// Loads all voices.
    ///
    /// - Throws: ``ErrorCode/missingDependency`` when one is not in the library.
    public init() throws(SpeechError) {
        flite_init()
        let registered = [
            register_cmu_us_slt(nil), register_cmu_us_awb(nil), register_cmu_us_rms(nil), register_cmu_us_kal16(nil),
        ]
        voices = registered.compactMap(\.self)
        guard voices.count == Self.names.count else {
            throw SpeechError(
                .missingDependency, "A built-in voice cannot be loaded.", advice: "Reinstall flite: apt-get install -y flite1-dev"
            )
        }
    }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard let job = SynthesisJob(request), voices.indices.contains(job.speaker) else { return [] }
        let voice = voices[job.speaker]
        feat_set_float(voice.pointee.features, "duration_stretch", Float(1 / job.speed))
        guard let wave = flite_text_to_wave(job.text, voice) else { return [] }
        defer { delete_wave(wave) }
        return [.samples(Array(UnsafeBufferPointer(start: wave.pointee.samples, count: Int(wave.pointee.num_samples))))]
    }
}
