"""The W&B Launch agent for Vertex AI, with what the agent itself lacks."""
