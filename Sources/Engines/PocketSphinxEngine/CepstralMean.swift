/// The mean of a speaker's cepstral vectors through a microphone, as PocketSphinx writes it: numbers between commas.
struct CepstralMean {
    /// What PocketSphinx lets a mean that it was given weigh against new frames (`CMN_WIN` of its `cmn.h`), in frames of 10 ms.
    static let engineWeight = 500.0

    private var values: [Double] = []

    init() {}
    init(_ text: String) { values = text.split(separator: ",").compactMap { Double($0) } }

    var text: String { values.map { "\($0)" }.joined(separator: ",") }

    /// The mean of the last `frames` alone, if this one is theirs together with `prior`, which weighed like `weight` frames.
    func removing(_ prior: CepstralMean, weight: Double, from frames: Double) -> CepstralMean {
        combined(with: prior) { ($0 * (weight + frames) - $1 * weight) / frames }
    }

    /// The mean of `own` frames of this one and `weight` frames of `other`.
    func mixed(with other: CepstralMean, weight: Double, own: Double) -> CepstralMean {
        combined(with: other) { ($0 * own + $1 * weight) / (own + weight) }
    }

    private func combined(with other: CepstralMean, _ body: (Double, Double) -> Double) -> CepstralMean {
        var result = CepstralMean()
        result.values = zip(values, other.values).map(body)
        return result
    }
}
