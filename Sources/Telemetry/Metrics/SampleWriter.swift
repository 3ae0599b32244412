/// Writes sample lines of one metric in the Prometheus text format 0.0.4.
public struct SampleWriter {
    let name: String
    let labels: [(name: String, value: String)]
    private(set) var text = ""

    init(name: String, labels: [(name: String, value: String)]) {
        self.name = name
        self.labels = labels
    }

    /// Writes one line: the name with `suffix`, the metric's labels and perhaps one more, and the value.
    public mutating func write(_ value: Double, suffix: String = "", extraLabel: (name: String, value: String)? = nil) {
        text += name + suffix
        let all = labels + (extraLabel.map { [$0] } ?? [])
        if !all.isEmpty {
            text += "{" + all.map { "\($0.name)=\"\(escapedLabelValue($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " " + prometheusNumber(value) + "\n"
    }
}

/// `value` as the text format writes numbers: `17`, `0.25`, `+Inf`, `NaN`.
func prometheusNumber(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int(exactly: value).map(String.init) ?? "\(value)"
}

func escapedLabelValue(_ text: String) -> String {
    escapedHelp(text).replacing("\"", with: "\\\"")
}

func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
}
