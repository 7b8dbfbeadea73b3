"""Markets joined to a tree: residual curves go up, prices come down."""
