import SpeechModel

/// Faults of a device that its driver does not tell.
enum DeviceFault {
    /// A device that delivers nothing for so long is taken for broken: even silence has samples. In ms.
    static let stallMS = 2000

    static func stalled(_ device: String) -> SpeechError {
        SpeechError(
            .deviceUnavailable, "The audio device “\(device.printable)” delivered nothing for \(stallMS / 1000) s.",
            advice: "Check its plug, and whether another program holds it; it is opened again by itself.")
    }

    static func wrongRate(_ device: String, sampleRate: Int, measured: Double) -> SpeechError {
        SpeechError(
            .deviceUnavailable,
            """
            The audio device “\(device.printable)” delivers \(Int(measured.rounded())) frames a second instead of \(sampleRate).
            """,
            advice: "Use the device through `plughw:`, or another device; this one is opened again by itself.")
    }

    static func ended(_ device: String) -> SpeechError {
        SpeechError(
            .deviceUnavailable, "The audio device “\(device.printable)” ended.",
            advice: "Check its plug; it is opened again by itself.")
    }
}
