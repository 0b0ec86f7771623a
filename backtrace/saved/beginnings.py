"""How the files of saved traces begin: enough to tell them from configs without reading what reads them."""

from typing import Final

FORMAT: Final = "backtrace trace"
MAGIC: Final = b"PK\x03\x04"
FIRST: Final = b"header.npy"
"""The array that stands first in an npz: another zip file is no saved trace."""
COLUMNS: Final = "epoch,step,sample,key,value"
