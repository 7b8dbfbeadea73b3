"""Contract files: YAML that people write, read to the same terms as Python builds, and back."""

from gridpact.contracts.files.product_files import product_file, read_arguments
from gridpact.contracts.files.reading import ContractFile, read_contract

__all__ = ["ContractFile", "product_file", "read_arguments", "read_contract"]
