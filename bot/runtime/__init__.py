"""What runs: deliveries through the pipeline, effects lane by lane, providers, and the engine that dispatches them."""
