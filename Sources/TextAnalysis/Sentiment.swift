/// How the words of a text feel.
public enum Sentiment: String, Sendable, CaseIterable, Codable {
    case positive, neutral, negative
}
